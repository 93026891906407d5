"""The learning curves of the best trials, as plain numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from rliable.records.folders import run_folders
from rliable.records.learning_curve import CSV_NAME, STEP, curve_keys, read_learning_curve
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.facts import leading_figure
from rliable.report.formats import one_line
from rliable.report.plots.parts import drawable
from rliable.schema import ConfigError

NUM_BEST = 5


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
    files = [run.path / CSV_NAME for run in run_folders(folder / trial.folder)]
    rows_of_runs = [rows for rows in map(read_rows, filter(Path.is_file, files)) if rows]
    key = curve_key([row for rows in rows_of_runs for row in rows])
    runs = [curve for curve in (make_curve(rows, key) for rows in rows_of_runs) if curve.steps]
    if not runs:
        return None
    return TrialCurve(trial.number, float(trial.value or 0.0), key, mean_curve(runs), runs if len(runs) > 1 else [])


def read_rows(file: Path) -> list[dict[str, float]]:
    """Reads a run's `learning_curve.csv`.

    Raises:
      ConfigError: it is damaged.
    """
    try:
        return read_learning_curve(file)
    except (ValueError, TypeError) as error:  # TypeError: a row with more cells than the heading
        raise ConfigError([f"{file}: not a learning curve: {one_line(str(error))}"]) from error


def curve_key(rows: Sequence[Mapping[str, float]]) -> str:
    """What a learning curve shows: the average return, or else the first key reported."""
    return leading_figure(curve_keys(rows))


def make_curve(rows: Sequence[Mapping[str, float]], key: str) -> Curve:
    """One key of a run's rows as a line, without the points that are missing or not finite."""
    points = [(row[STEP], row[key]) for row in rows if STEP in row and key in row]
    points = [point for point in points if all(map(math.isfinite, point))]
    return Curve([float(step) for step, _ in points], [drawable(value) for _, value in points])


def mean_curve(runs: Sequence[Curve]) -> Curve:
    """The mean of several runs at the steps of all, over the stretch that all of them cover."""
    if len(runs) == 1:
        return runs[0]
    import numpy as np  # whoever only reads a curve does without

    first, last = max(run.steps[0] for run in runs), min(run.steps[-1] for run in runs)
    steps = np.unique(np.concatenate([run.steps for run in runs]))
    steps = steps[(steps >= first) & (steps <= last)]
    values = np.mean([np.interp(steps, run.steps, run.values) for run in runs], axis=0)
    return Curve(steps.tolist(), np.atleast_1d(values).tolist())
