"""The learning curves of the best trials, as plain numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rliable.records.curves import CSV_NAME, STEP, curve_keys, read_learning_curve
from rliable.records.results import StudyRecord, TrialRecord

NUM_BEST = 5
PREFERRED = "average_return"


@dataclasses.dataclass(frozen=True)
class Curve:
    """One line. [P] points.

    Attributes:
      steps: environment steps. [P]
      values: what was reported there, all finite. [P]
    """

    steps: list[float]
    values: list[float]


@dataclasses.dataclass(frozen=True)
class TrialCurve:
    """The learning curves of one trial.

    Attributes:
      number, value: of the trial.
      key: what the curves show, such as "average_return".
      mean: over the runs.
      runs: one per run that reported; empty when there is only one.
    """

    number: int
    value: float
    key: str
    mean: Curve
    runs: list[Curve]


def load_best_curves(record: StudyRecord, folder: Path) -> list[TrialCurve]:
    """Reads the curves of the best trials, best first; trials whose runs reported nothing are left out."""
    curves = (load_trial_curve(trial, folder) for trial in record.ranked()[:NUM_BEST])
    return [curve for curve in curves if curve is not None]


def load_trial_curve(trial: TrialRecord, folder: Path) -> TrialCurve | None:
    """Reads the curves of a trial's runs, or gives None when there are none."""
    files = sorted((folder / trial.folder).glob(f"run_*/{CSV_NAME}"))
    rows_of_runs = [rows for rows in map(read_learning_curve, files) if rows]
    key = curve_key([row for rows in rows_of_runs for row in rows])
    runs = [curve for curve in (make_curve(rows, key) for rows in rows_of_runs) if curve.steps]
    if not runs:
        return None
    return TrialCurve(trial.number, float(trial.value or 0.0), key, mean_curve(runs), runs if len(runs) > 1 else [])


def curve_key(rows: Sequence[Mapping[str, float]]) -> str:
    """What a learning curve shows: the average return, or else the first key reported."""
    keys = curve_keys(rows)
    return PREFERRED if PREFERRED in keys or not keys else keys[0]


def make_curve(rows: Sequence[Mapping[str, float]], key: str) -> Curve:
    """One key of a run's rows as a line, without the points that are missing or not finite."""
    points = [(row[STEP], row[key]) for row in rows if key in row and math.isfinite(row[key])]
    return Curve([float(step) for step, _ in points], [float(value) for _, value in points])


def mean_curve(runs: Sequence[Curve]) -> Curve:
    """The mean of several runs at the steps of all, over the stretch that all of them cover."""
    if len(runs) == 1:
        return runs[0]
    first, last = max(run.steps[0] for run in runs), min(run.steps[-1] for run in runs)
    steps = np.unique(np.concatenate([run.steps for run in runs]))
    steps = steps[(steps >= first) & (steps <= last)]
    values = np.mean([np.interp(steps, run.steps, run.values) for run in runs], axis=0)
    return Curve(steps.tolist(), np.atleast_1d(values).tolist())


def curve_label(key: str) -> str:
    """A curve's key in words: "average return"."""
    return key.replace("_", " ")
