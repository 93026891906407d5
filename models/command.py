"""A training script in any language as a model: a command line with values in it, and where its figures are found."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from models.scripts.arguments import fill_in, names_in, resume_words, words_of_command
from models.scripts.checkpoint import CheckpointFolder, folder_bytes
from models.scripts.process import Script, ScriptError
from models.scripts.readers import FigureReader, make_reader
from models.scripts.settings import REDUCTIONS, CommandHyperparameters, with_names
from models.scripts.source import STEP_NAME, FigureSource
from rliable.folder_files import write_files
from rliable.model import BaseModel, RunPaused
from rliable.schema import check_record

#: What the search itself puts into the command line.
FILLED_IN = ("environment", "folder", "python", "seed", "threads")
METRICS_FILE = "rliable_metrics.json"


class Command(BaseModel):
    """Trains by running a script in any language, and reads its figures while it runs."""

    hyperparameters = CommandHyperparameters
    learns_from = ("name",)
    runs_what_it_is_given = "it runs the command line that is recorded"
    _metrics: dict[str, float] | None = None
    _is_resumed = False

    @classmethod
    def hyperparameters_for(cls, hp_params: Mapping[str, Any]) -> type:
        """The settings above, and one for each name in the command line."""
        command = hp_params.get("command")
        words = command if isinstance(command, list) else [command]
        is_text = all(isinstance(word, str) for word in words)
        names = names_in(words) if is_text else [name for name in hp_params if name.isidentifier()]  # the checks tell
        known = {*FILLED_IN, *(field.name for field in dataclasses.fields(CommandHyperparameters))}
        return with_names(tuple(name for name in names if name not in known))

    @classmethod
    def metrics_for(cls, hp_params: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the figures, as far as they can be known."""
        source, problems = check_record(FigureSource, hp_params.get("figures"))
        return () if problems else source.names()

    @classmethod
    def with_files(cls, hp_params: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
        try:
            words = words_of_command(hp_params["command"])
        except (KeyError, ValueError):  # the checks say what is wrong with it
            return hp_params
        is_program = [i == 0 and Path(word).is_absolute() for i, word in enumerate(words)]  # it stays where it is
        placed = [word if stays else place(word) for word, stays in zip(words, is_program, strict=True)]
        return {**hp_params, "command": placed}

    def train(self, data: Any, *args: Any) -> None:
        reader, checkpoint = self._make_reader(), self._checkpoint_folder()
        with Script(self._words(), self.values.grace_seconds, self._working_folder) as script:
            try:
                for lines in script.rounds():
                    self._tell(reader, lines)
                    checkpoint.look()
            except RunPaused:
                script.stop()
                checkpoint.keep_now()
                raise
            script.check()
        self._metrics = self._reduced(reader)

    def restore(self, files: dict[str, bytes]) -> None:
        self._is_resumed = True
        write_files(self._folder / CheckpointFolder.NAME, files)

    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        """What the script said in its training; it is not run again."""
        if self._metrics is None:
            raise RuntimeError("the script has neither been run nor loaded yet")
        return [], self._metrics

    def predict(self, data: Any) -> Any:
        raise NotImplementedError("a script answers no questions; what it saved is in the run's folder model/")

    def save(self) -> None:
        used, allowed = folder_bytes(self._folder) / 10**6, self.values.max_saved_mb
        if used > allowed:
            raise ScriptError(f"it left {used:,.0f} MB in {{folder}}, more than max_saved_mb {allowed:g}")
        (self._folder / METRICS_FILE).write_text(json.dumps(self._metrics) + "\n", encoding="utf-8")

    def load_model(self) -> None:
        self._metrics = json.loads((self._folder / METRICS_FILE).read_text(encoding="utf-8"))

    @property
    def _folder(self) -> Path:
        return Path(self.cfg["mdl_file"]).absolute()

    @functools.cached_property
    def _working_folder(self) -> Path:
        """Where the script runs; made if it is not there."""
        folder = Path(fill_in(self.values.working_folder, self._by_name()))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _by_name(self) -> dict[str, Any]:
        """The value of every name."""
        ours = (
            self.cfg["environment"],
            str(self._folder),
            sys.executable,
            self.cfg["seed"],
            self.cfg.get("threads", 1),
        )
        return {**self.cfg["hp_params"], **dict(zip(FILLED_IN, ours, strict=True))}

    def _words(self) -> list[str]:
        """The command line of this run."""
        words, by_name = words_of_command(self.values.command), self._by_name()
        resumed = resume_words(str(self.values.resume_flag), str(self._folder / CheckpointFolder.NAME))
        return [fill_in(word, by_name) for word in words] + (resumed if self._is_resumed else [])

    def _make_reader(self) -> FigureReader:
        source, by_name = self.values.figures, self._by_name()
        return make_reader(source, self._working_folder / fill_in(source.csv or source.tensorboard or "", by_name))

    def _checkpoint_folder(self) -> CheckpointFolder:
        max_bytes = self.values.max_saved_mb * 10**6 if self.values.resume_flag else 0
        return CheckpointFolder(self._folder, max_bytes, self.keep_checkpoint)

    def _tell(self, reader: FigureReader, lines: list[str]) -> None:
        """Reports what is new; of a run that goes on, not what it had reported before."""
        for step, figures in reader.rows(lines):
            if step is None or step > self._known_step:
                self.report(self._next_step() if step is None else step, **figures)

    @functools.cached_property
    def _known_step(self) -> float:
        """The last step that was reported before the run went on."""
        return self.learning_curve[-1]["step"] if self._is_resumed and self.learning_curve else -math.inf

    def _next_step(self) -> int:
        """The step of a figure that comes without one."""
        return int(self.learning_curve[-1]["step"]) + 1 if self.learning_curve else 1

    def _reduced(self, reader: FigureReader) -> dict[str, float]:
        """The metrics that follow from the learning curve."""
        names = dict.fromkeys(name for row in self.learning_curve for name in row if name != STEP_NAME)
        if not names:
            raise ScriptError(f"the script ended well and gave no figure; looked for {reader.sought}")
        values = {name: [row[name] for row in self.learning_curve if name in row] for name in names}
        return {name: self._reduce(found[-(self.values.num_last or 0) :]) for name, found in values.items()}

    def _reduce(self, values: list[float]) -> float:
        """One number for several; none of them may be undefined."""
        is_defined = self.values.reduction == "last" or not any(map(math.isnan, values))
        return REDUCTIONS[self.values.reduction](values) if is_defined else math.nan
