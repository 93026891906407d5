"""Runs one unit: the only code that works for a trial, in whatever process it is called."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from models.base_model import BaseModel
from models.episodic_model import EpisodicModel
from rliable.environments import load_data
from rliable.metrics import return_metrics
from rliable.model_classes import load_class
from rliable.plain_data import plain_numbers, plain_row, plain_text, plain_values
from rliable.trial import ModelConfig, SliceRecord, Unit, UnitResult

#: Called with a trained model and the files it saved; yields the slices of test episodes to play here.
Slices = Callable[[EpisodicModel, dict[str, bytes]], Iterator[range]]

#: Called with each row of the learning curve as the model reports it.
OnReport = Callable[[dict[str, float]], None]


def run_unit(
    unit: Unit, slot: str, sc: Any = None, slices: Slices | None = None, on_report: OnReport | None = None
) -> UnitResult:
    """Trains, saves and evaluates one run.

    Args:
      unit: what to run.
      slot: the name of the place it runs in, for the record.
      sc: the SparkContext for models with `data: rdd`.
      slices: which slices of an agent's test episodes to play here; all of them when None. If some are left to
        others, `metrics` is None and `evaluation_fields` completes the result.
      on_report: is told of the learning curve as it grows.

    Returns:
      Its result. An exception of the model, or its wish to exit, becomes a result with `error` set; only an interrupt
      passes through.
    """
    started = time.time()
    try:
        done = train_and_evaluate(unit, slot, sc, slices, on_report)
    except (Exception, SystemExit) as error:
        done = {"error": one_line(error), "traceback": plain_text(traceback.format_exc())}
    finished = time.time()
    return UnitResult(
        unit.trial, unit.run, unit.seed, slot, os.getpid(), started, finished, slot_seconds=finished - started, **done
    )


def train_and_evaluate(
    unit: Unit, slot: str, sc: Any, slices: Slices | None, on_report: OnReport | None
) -> dict[str, Any]:
    """The work of `run_unit`: the fields of the result that depend on the model."""
    with tempfile.TemporaryDirectory(prefix="rliable-") as folder:
        model = make_model(unit.model, unit.seed, folder, sc, unit.limits.threads)
        model.on_report = on_report
        model.train(open_data(unit.model, sc), open_data(unit.model, sc))
        model.save()
        files = read_files(folder)
        evaluated = evaluate_here(model, files, open_data(unit.model, sc), slot, slices)
        curve = [plain_row(row) for row in getattr(model, "learning_curve", [])]
        return {"files": files, "learning_curve": curve, **evaluated}


def evaluate_here(
    model: Any, files: dict[str, bytes], test_data: Any, slot: str, slices: Slices | None
) -> dict[str, Any]:
    """The final evaluation, as far as it is done in this process: the result's fields that follow from it."""
    if isinstance(model, EpisodicModel):
        parts = slices(model, files) if slices else iter(model.slices())
        played = [play_slice(model, test_data, part, slot) for part in parts]
        return evaluation_fields(played, model.num_test_episodes)
    predictions, metrics = model.evaluate(test_data)
    return {"predictions": plain_values(predictions), "metrics": plain_numbers(metrics)}


def play_slice(model: EpisodicModel, test_data: Any, episodes: range, slot: str) -> SliceRecord:
    """Plays one slice of test episodes in this process."""
    returns = [float(value) for value in model.run_episodes(test_data, episodes)]
    return SliceRecord(episodes.start, len(episodes), slot, os.getpid(), returns)


def evaluation_fields(played: list[SliceRecord], num_episodes: int) -> dict[str, Any]:
    """The result's fields that follow from the slices played so far.

    Args:
      played: the slices, in any order.
      num_episodes: how many episodes all slices have together.

    Returns:
      `slices` in the order of episode numbers and, once they are complete, `predictions` and `metrics`.
    """
    ordered = sorted(played, key=lambda record: record.first)
    returns = [value for record in ordered for value in record.returns]
    if len(returns) < num_episodes:
        return {"slices": ordered}
    return {"slices": ordered, "predictions": returns, "metrics": return_metrics(returns)}


def make_model(config: ModelConfig, seed: int, folder: str, sc: Any = None, threads: int = 1) -> BaseModel:
    """A new model object that saves to `folder`, loads from it and computes on `threads` cores."""
    model: BaseModel = load_class(config.class_name)(sc, config.as_cfg(seed, folder, threads))
    return model


def open_data(config: ModelConfig, sc: Any = None) -> Any:
    """A new instance of what the model is trained and evaluated on."""
    return load_data(config.environment, sc if config.data == "rdd" else None)


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


def one_line(error: BaseException) -> str:
    """An exception as one line: its type and the first line of its message."""
    message = plain_text(str(error)).strip()
    return f"{type(error).__name__}: {message.splitlines()[0]}" if message else type(error).__name__
