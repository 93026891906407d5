"""What a run leaves in its folder, and how it is read again."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from rliable.config.json_file import load_json
from rliable.records.curves import write_learning_curve
from rliable.records.encoding import to_json, write_atomically
from rliable.records.folders import RunFolder
from rliable.records.results import TrialRecord
from rliable.schema import ConfigError
from rliable.unit import ModelConfig, UnitResult


def write_run(folder: RunFolder, model: ModelConfig, threads: int, result: UnitResult) -> None:
    """Writes a finished run: its model, configuration, returns, curve and, if it failed, its traceback.

    Args:
      folder: the run's folder; made if it is not there.
      model: what was run.
      threads: on how many cores.
      result: what came of it.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    write_files(folder.model, result.files)
    if result.learning_curve:
        write_learning_curve(folder.path, result.learning_curve)
    write_predictions(folder, result)
    if result.error is not None:
        folder.error_txt.write_text(result.traceback or result.error + "\n", encoding="utf-8")
    write_atomically(folder.model_json, to_json(model_record(model, threads, result), indent=2) + "\n")


def write_trial(path: Path, trial: TrialRecord) -> None:
    """Writes a trial's configuration, seeds and result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, to_json(trial, indent=2) + "\n")


def model_record(model: ModelConfig, threads: int, result: UnitResult) -> dict[str, Any]:
    """The content of model.json: what evaluate.py needs to do the final evaluation again."""
    cfg = {key: value for key, value in model.as_cfg(result.seed, threads=threads).items() if key != "mdl_file"}
    return {**cfg, "num_test_episodes": len(result.predictions) if result.slices else None, "metrics": result.metrics}


def write_predictions(folder: RunFolder, result: UnitResult) -> None:
    """Writes the returns of an agent's test episodes, or the predictions of a model without episodes."""
    if result.slices:
        with folder.returns_csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["episode", "return", "slot", "pid"])
            for part in result.slices:
                for episode, episode_return in enumerate(part.returns, part.first):
                    writer.writerow([episode, episode_return, part.slot, part.pid])
    elif result.predictions:
        folder.predictions_json.write_text(to_json(result.predictions) + "\n", encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class SavedRun:
    """A trained model on disk.

    Attributes:
      folder: what train.py or a trial's run left.
      model_folder: where the model itself lies.
      model: what was trained.
      seed: of the run; it decides the test episodes.
      threads: cores that it was computed with.
      num_episodes: test episodes of the recorded evaluation; None for a model without episodes.
      metrics: as recorded.
    """

    folder: Path
    model_folder: Path
    model: ModelConfig
    seed: int
    threads: int
    num_episodes: int | None
    metrics: dict[str, float]


def find_runs(path: str) -> list[SavedRun]:
    """The trained models in a folder: one that train.py left, or the runs of a trial.

    Raises:
      ConfigError: there are none, or they failed.
    """
    folder = Path(path)
    candidates = [folder] if RunFolder(folder).model_json.is_file() else sorted(folder.glob("run_*"))
    runs = [load_run(candidate) for candidate in candidates if RunFolder(candidate).model_json.is_file()]
    if not runs:
        raise ConfigError([f"--model {path}: no trained model here (model.json is missing); try a study's best/"])
    return runs


def load_run(folder: Path) -> SavedRun:
    """Reads a run's model.json.

    Raises:
      ConfigError: it is not JSON, or the run failed.
    """
    data = load_json(str(RunFolder(folder).model_json))
    if data.get("metrics") is None:
        raise ConfigError([f"{folder}: this run failed and left no model; see {RunFolder(folder).error_txt.name}"])
    own = RunFolder(folder).model
    model_folder = own if own.is_dir() else folder  # studies of version 0.1 kept the model beside the rest
    model = ModelConfig(data["class"], data["environment"], str(folder), data["hp_params"], data["data"])
    numbers = (data["seed"], data["threads"], data["num_test_episodes"])
    return SavedRun(folder, model_folder, model, *numbers, data["metrics"])


def read_files(folder: str) -> dict[str, bytes]:
    """The content of every file below `folder`, by path relative to it."""
    root = Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Writes what `read_files` read."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def unsafe_names(files: Iterable[str]) -> list[str]:
    """The names of files that would be written elsewhere than below their folder."""
    paths = {name: PurePath(name) for name in files}
    return [name for name, path in paths.items() if not path.name or path.is_absolute() or ".." in path.parts]
