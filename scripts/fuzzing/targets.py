"""What reads the files of strangers: each as the command does, in this process."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from rliable.cli import main
from rliable.cli.study import Mode, resume_study
from rliable.config.model_file import load_model_file
from rliable.config.study_file import load_study
from rliable.executors.slots.frames import Pieces
from rliable.executors.slots.leases import Lease
from rliable.executors.slots.messages import Result, Train, kind_of_frame, pack, unpack
from rliable.executors.slots.slot import checked, is_in_turn
from rliable.records.checkpoints import Checkpoint, Checkpoints
from rliable.records.folders import StudyFolder
from rliable.report.plots.data import load_pictures
from rliable.report.plots.page import make_page
from rliable.tuning.resume import take_up
from rliable.unit import Limits, ModelConfig, Unit, UnitResult

ROOT = Path(__file__).parents[2]
#: What the folder of the study holds besides, and what must never be run.
EVIL = 'open(__file__ + ".ran", "w")\nclass Evil: pass\n'


@dataclasses.dataclass(frozen=True)
class Target:
    """A kind of input.

    Attributes:
      name: for the table.
      files: the names of those in a folder that are damaged, one at a time.
      read: is given the folder; what says in one line what is wrong raises it, or gives an exit code.
    """

    name: str
    files: tuple[str, ...]
    read: Callable[[Path], object]


def make_folder(folder: Path) -> None:
    """Makes a folder with a study file, a model file, and a study of four trials with all that it leaves."""
    from rliable import search

    shutil.copytree(ROOT / "config" / "data", folder / "data")
    study = json.loads((ROOT / "config/optim_count.json").read_text()) | {"config": "model.json"}
    model = json.loads((ROOT / "config/config_count.json").read_text()) | {"environment": "data/counts.jsonl"}
    (folder / "study.json").write_text(json.dumps(study))
    (folder / "model.json").write_text(json.dumps(model))
    search(folder / "study.json", mode="in-process", output=folder / "runs", pictures=False)
    (folder / "runs/evil.py").write_text(EVIL)
    run = StudyFolder(folder / "runs").run(0, 0)
    (run.path / "learning_curve.csv").write_text("step,average_return\n1,2.5\n2,3.5\n")
    run.checkpoint.write_bytes(msgspec.msgpack.encode(Checkpoint("1", {"state.npz": b"x" * 50})))
    unit = Unit(0, 0, ModelConfig("CountModel", "x.jsonl", "", {"increment": 1}), 1, Limits())
    result = UnitResult(
        trial=0, metrics={"mse": 1.0}, files={"a/b": b"content"}, learning_curve=[{"step": 1, "a": 2.0}]
    )
    for name, message in {"train": Train(unit, {"a": b"b"}), "result": Result(result)}.items():
        (folder / f"{name}.frame").write_bytes(pack(message))


def read_frames(folder: Path) -> None:
    """What the driver, and a slot, do with a frame."""
    unit = Unit(0, 0, ModelConfig("CountModel", "x.jsonl", "", {}), 1, Limits())
    for file in folder.glob("*.frame"):
        with contextlib.suppress(IndexError):  # the supervisor's word for no message
            kind_of_frame(file.read_bytes())
        with contextlib.suppress(ValueError):  # the driver's
            packed = Pieces().add(file.read_bytes())
            message = None if packed is None else unpack(packed)
            if is_in_turn(message, Lease(unit, 1)) and isinstance(message, Result):
                checked(message.result)


def resume(folder: Path) -> None:
    """What `--resume` does before the first trial."""
    opened = resume_study(str(folder / "runs"), {}, Mode("in-process"))
    try:
        take_up(opened.study, opened.seed, opened.folder)
    finally:
        opened.folder.lock.release()


def draw(folder: Path) -> None:
    """What `plot` does but for the pictures' pixels."""
    StudyFolder(folder / "runs").require_no_way_out()
    make_page(load_pictures(folder / "runs"))


def read_checkpoint(folder: Path) -> None:
    """What a run that goes on is given."""
    Checkpoints(StudyFolder(folder / "runs"), "1").latest(0, 0)


def command(*words: str) -> Callable[[Path], int]:
    """A command on the folder's study, whose output must be lines; it gives its exit code."""

    def run(folder: Path) -> int:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([word.format(folder=folder) for word in words])
        lines = err.getvalue().splitlines()
        if code not in (0, 1, 2) or not all(line.startswith("error: ") for line in lines) or bool(lines) != bool(code):
            raise AssertionError(f"exit code {code}: {err.getvalue()!r:.500}")
        if "\x1b" in out.getvalue() + err.getvalue():
            raise AssertionError("an escape sequence reaches the terminal")
        return code

    return run


STUDY_FILES = ("runs/study.json", "runs/journal.log", "runs/results.json")
RUN_FILES = ("runs/trials/0000/run_0/model.json", "runs/trials/0000/run_0/model/count_model.json")
TARGETS = (
    Target("study file", ("study.json",), lambda folder: load_study(str(folder / "study.json"))),
    Target("model file", ("model.json",), lambda folder: load_model_file(str(folder / "model.json"))),
    Target("study that is continued", (*STUDY_FILES, "runs/trials/0001/trial.json"), resume),
    Target("study whose state is told", STUDY_FILES[::2], command("status", "{folder}/runs")),
    Target("study that is drawn", ("runs/results.json", "runs/trials/0000/run_0/learning_curve.csv"), draw),
    Target("trained model", RUN_FILES, command("evaluate", "--model", "{folder}/runs/trials/0000")),
    Target("checkpoint", ("runs/trials/0000/run_0/checkpoint.bin",), read_checkpoint),
    Target("frame of the channel", ("train.frame", "result.frame"), read_frames),
)
