"""What the pictures of a study show, as plain numbers: the same for the PNGs and for the report."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from rliable.records.results import StudyRecord, load_record
from rliable.report.formats import shorten
from rliable.report.plots.curves import TrialCurve, load_best_curves
from rliable.report.plots.importance import Importance, importance_of
from rliable.report.plots.panels import Panel, make_panels

LOG_RATIO = 1000.0


@dataclasses.dataclass(frozen=True)
class History:
    """The metric per trial. [N] trials with a value, [F] failed ones.

    Attributes:
      numbers, values: of the trials with a value, in the order of their numbers. [N]
      best: the best value so far. [N]
      failed: the numbers of the failed trials. [F]
    """

    numbers: list[int]
    values: list[float]
    best: list[float]
    failed: list[int]

    def best_line(self) -> tuple[list[int], list[float]]:
        """The best so far as a staircase that goes on to the last trial, even if that failed. [N + 1], [N + 1]"""
        return [*self.numbers, max([*self.numbers, *self.failed])], [*self.best, self.best[-1]]


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Everything that is drawn of one study.

    Attributes:
      record: the study.
      history: the metric per trial.
      panels: each varied hyperparameter against the metric.
      importance: the hyperparameters' shares in the metric's differences.
      curves: of the best trials, best first.
      is_log: whether the metric is shown on a logarithmic axis.
    """

    record: StudyRecord
    history: History
    panels: list[Panel]
    importance: Importance
    curves: list[TrialCurve]
    is_log: bool


def load_pictures(folder: Path) -> Pictures:
    """Reads a study's folder and works out what its pictures show."""
    record = load_record(folder)
    history = history_of(record)
    return Pictures(
        record,
        history,
        make_panels(record),
        importance_of(record),
        load_best_curves(record, folder),
        spans_decades(history.values),
    )


def history_of(record: StudyRecord) -> History:
    """The metric per trial with the best so far."""
    complete = sorted((trial for trial in record.trials if trial.is_complete), key=lambda trial: trial.number)
    values = [float(trial.value or 0.0) for trial in complete]
    failed = [trial.number for trial in record.failed()]
    return History([trial.number for trial in complete], values, best_so_far(values, record.criteria), failed)


def best_so_far(values: list[float], criteria: str) -> list[float]:
    """The best of the first 1, 2, ... N values. [N] -> [N]"""
    better = max if criteria == "max" else min
    best: list[float] = []
    for value in values:
        best.append(better(best[-1], value) if best else value)
    return best


def spans_decades(values: list[float]) -> bool:
    """Tells whether values, all above 0, differ so much that only a logarithmic axis shows them all."""
    return len(values) > 1 and min(values) > 0 and max(values) / min(values) >= LOG_RATIO


def subtitle(record: StudyRecord) -> str:
    """The line below each picture's title."""
    return f"{shorten(record.optim_name, 50)}: {counts_text(record)}"


def counts_text(record: StudyRecord) -> str:
    """How many trials there are, and which direction is the better one."""
    counts = f"{len(record.trials)} trial{'s' if len(record.trials) != 1 else ''}"
    failed = f", {len(record.failed())} failed" if record.failed() else ""
    direction = "higher" if record.criteria == "max" else "lower"
    return f"{counts}{failed}; {direction} is better"
