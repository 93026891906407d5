"""Writes what a run leaves in its folder."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from rliable.json_files import to_json, write_atomically
from rliable.learning_curves import write_learning_curve
from rliable.record import TrialRecord
from rliable.study_folder import RunFolder
from rliable.trial import ModelConfig, UnitResult
from rliable.worker import write_files


def write_run(folder: RunFolder, model: ModelConfig, threads: int, result: UnitResult) -> None:
    """Writes a finished run: its model, configuration, returns, curve and, if it failed, its traceback.

    Args:
      folder: the run's folder; made if it is not there.
      model: what was run.
      threads: on how many cores.
      result: what came of it.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    write_files(folder.path, result.files)
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
