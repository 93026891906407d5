"""The learning curves of the best trials, as plain numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rliable.folder_files import unsafe_names
from rliable.records.folders import run_folders
from rliable.records.learning_curve import CSV_NAME, STEP, curve_keys, read_learning_curve
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.facts import leading_figure
from rliable.report.formats import one_line
from rliable.report.plots.parts import drawable
from rliable.schema import ConfigError

if TYPE_CHECKING:
    import numpy as np

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
      low, high: the lowest and the highest of the runs, at the steps of the mean; empty when there is only one. [P]
    """

    number: int
    value: float
    key: str
    mean: Curve
    runs: list[Curve]
    low: list[float] = dataclasses.field(default_factory=list)
    high: list[float] = dataclasses.field(default_factory=list)


def load_best_curves(record: StudyRecord, folder: Path) -> list[TrialCurve]:
    """Reads the curves of the best trials, best first; trials whose runs reported nothing are left out."""
    curves = (load_trial_curve(trial, folder) for trial in record.ranked()[:NUM_BEST])
    return [curve for curve in curves if curve is not None]


def load_trial_curve(trial: TrialRecord, folder: Path) -> TrialCurve | None:
    """Reads the curves of a trial's runs, or gives None when there are none."""
    files = [] if unsafe_names([trial.folder]) else [run.path / CSV_NAME for run in run_folders(folder / trial.folder)]
    rows_of_runs = [rows for rows in map(read_rows, filter(Path.is_file, files)) if rows]
    key = curve_key([row for rows in rows_of_runs for row in rows])
    runs = [curve for curve in (make_curve(rows, key) for rows in rows_of_runs) if curve.steps]
    if not runs:
        return None
    value = float(trial.value or 0.0)
    if len(runs) == 1:
        return TrialCurve(trial.number, value, key, runs[0], [])
    steps, values = at_common_steps(runs)
    mean = Curve(steps.tolist(), values.mean(axis=0).tolist())
    return TrialCurve(trial.number, value, key, mean, runs, values.min(axis=0).tolist(), values.max(axis=0).tolist())


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


def at_common_steps(runs: Sequence[Curve]) -> tuple[np.ndarray, np.ndarray]:
    """Several runs at the steps of all, over the stretch that all of them cover.

    Returns:
      The steps [P], and the values. [runs, P]
    """
    import numpy as np  # whoever only reads a curve does without

    first, last = max(run.steps[0] for run in runs), min(run.steps[-1] for run in runs)
    steps = np.unique(np.concatenate([run.steps for run in runs]))
    steps = steps[(steps >= first) & (steps <= last)]
    return steps, np.array([np.interp(steps, run.steps, run.values) for run in runs])
