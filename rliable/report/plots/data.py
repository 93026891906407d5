"""What every picture of a study shows, as plain data: prepared once for the PNGs and for the page."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

from rliable.records.results import StudyRecord, load_record
from rliable.report.facts import figure_words
from rliable.report.formats import format_count, one_line, shorten
from rliable.report.plots.curves import TrialCurve, load_best_curves
from rliable.report.plots.importance import Importance, importance_of
from rliable.report.plots.panels import Panel, make_panels
from rliable.report.plots.parts import Caption, Kind, Marks, make_marks, trial_lines, values_of

LOG_RATIO = 1000.0
STEPS_LABEL = "environment steps"
BAND_NOTE = "thick: the mean over the seeds; band: from the lowest to the highest"


@dataclasses.dataclass(frozen=True)
class History:
    """The metric per trial.

    Attributes:
      caption: its words.
      marks: every trial at its number.
      best_numbers, best_values: the best so far as a staircase, which goes on to the last trial. [S]
    """

    caption: Caption
    marks: list[Marks]
    best_numbers: list[int]
    best_values: list[float]


@dataclasses.dataclass(frozen=True)
class Parameters:
    """Each varied hyperparameter against the metric."""

    caption: Caption
    panels: list[Panel]


@dataclasses.dataclass(frozen=True)
class BestCurves:
    """The learning curves of the best trials, best first, and what they show."""

    caption: Caption
    curves: list[TrialCurve]
    label: str


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Everything that is drawn of one study.

    Attributes:
      record: the study.
      subtitle: the study in one line.
      is_log: whether the metric is shown on a logarithmic axis.
      history, parameters, importance, curves: the pictures, in the order in which they are shown.
    """

    record: StudyRecord
    subtitle: str
    is_log: bool
    history: History
    parameters: Parameters
    importance: Importance
    curves: BestCurves


def load_pictures(folder: Path) -> Pictures:
    """Reads a study's folder and works out what its pictures show.

    Raises:
      FileNotFoundError: the folder holds no `results.json`.
      ValueError: that file is not the record of a study.
      ConfigError: a learning curve is damaged.
    """
    record = load_record(folder)
    return make_pictures(record, load_best_curves(record, folder))


def make_pictures(record: StudyRecord, curves: list[TrialCurve]) -> Pictures:
    """Works out what the pictures of a study show.

    Args:
      record: the study.
      curves: of its best trials.
    """
    return Pictures(
        record,
        f"{shorten(one_line(record.optim_name), 50)}: {trials_text(record)}",
        spans_decades(values_of(record.trials)),
        history_of(record),
        parameters_of(record),
        importance_of(record),
        best_curves_of(curves),
    )


def history_of(record: StudyRecord) -> History:
    """The metric per trial with the best so far."""
    trials, names = sorted(record.trials, key=lambda trial: trial.number), record.varied_names()
    marks = make_marks(
        record, trials, lambda trial: float(trial.number), lambda trial: trial_lines(trial, record.metric_name, names)
    )
    complete = [trial for trial in trials if trial.is_complete]
    best = best_so_far(values_of(complete), record.criteria)
    numbers = [trial.number for trial in [*complete, *(trials[-1:] if complete else [])]]
    caption = Caption(
        f"{one_line(record.metric_name)} per trial", missing="" if marks else "No trial has finished yet."
    )
    return History(caption, marks, numbers, [*best, *best[-1:]])


def best_so_far(values: Sequence[float], criteria: str) -> list[float]:
    """The best of the first 1, 2, ... N values. [N] -> [N]"""
    return list(itertools.accumulate(values, max if criteria == "max" else min))


def spans_decades(values: Sequence[float]) -> bool:
    """Tells whether values, all above 0, differ so much that only a logarithmic axis shows them all."""
    return len(values) > 1 and min(values) > 0 and max(values) / min(values) >= LOG_RATIO


def parameters_of(record: StudyRecord) -> Parameters:
    """Each varied hyperparameter against the metric."""
    title, panels = f"Hyperparameters against {one_line(record.metric_name)}", make_panels(record)
    if not panels:
        return Parameters(Caption(title, missing="There is no finished trial of a varied hyperparameter to show."), [])
    notes = ["the best trial in orange"]
    if any(median is not None for panel in panels for median in panel.medians):
        notes.append("bars are medians")
    if any(group.kind is Kind.PRUNED for panel in panels for group in panel.marks):
        notes.append("pruned trials hollow")
    return Parameters(Caption(title, ", ".join(notes)), panels)


def best_curves_of(curves: list[TrialCurve]) -> BestCurves:
    """The learning curves, with what they show."""
    missing = "" if curves else "No trial reported a learning curve."
    label = figure_words(curves[0].key) if curves else ""
    note = BAND_NOTE if any(curve.runs for curve in curves) else ""
    return BestCurves(Caption("Learning curves of the best trials", note, missing), curves, label)


def trials_text(record: StudyRecord) -> str:
    """How many trials there are, and which direction is the better one."""
    others = {"pruned": len(record.pruned()), "failed": len(record.failed())}
    counts = [format_count(len(record.trials), "trial"), *(f"{n} {word}" for word, n in others.items() if n)]
    return f"{', '.join(counts)}; {'higher' if record.criteria == 'max' else 'lower'} is better"
