"""A study's result as the one JSON object that `--json` prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rliable.json_files import as_json
from rliable.record import StudyRecord, TrialRecord
from rliable.terminal.ending import study_files


def summary(record: StudyRecord, folder: str | Path) -> dict[str, Any]:
    """What came of a study, as JSON values.

    Args:
      record: the study.
      folder: the study's folder.

    Returns:
      The study's facts, its best trial (None without one), and the paths of its files.
    """
    best = record.best_trial
    facts = {
        "study": record.optim_name,
        "mode": record.mode,
        "seed": record.seed,
        "status": record.status,
        "stop_reason": record.stop_reason,
        "metric": {"name": record.metric_name, "criteria": record.criteria},
        "num_trials": len(record.trials),
        "num_failed": len(record.failed()),
        "best": best and best_as_json(best),
        "slot_utilisation": record.slot_utilisation,
        "seconds": None if record.finished is None else record.finished - record.started,
        "folder": str(folder),
        "files": study_files(Path(folder)),
    }
    json_facts: dict[str, Any] = as_json(facts)
    return json_facts


def best_as_json(trial: TrialRecord) -> dict[str, Any]:
    """The best trial, without its runs."""
    return {
        "number": trial.number,
        "value": trial.value,
        "params": trial.params,
        "hp_params": trial.hp_params,
        "metrics": trial.metrics,
        "seeds": [run.seed for run in trial.runs],
        "folder": trial.folder,
    }
