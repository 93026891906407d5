"""Each varied hyperparameter against the metric, as plain numbers."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rliable.config.entries import is_finite_number
from rliable.config.parameters import Choice, OneMinus, Parameter, Range
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.facts import last_value, result_text
from rliable.report.formats import format_params, format_value
from rliable.report.plots.parts import Marks, make_marks, values_of

GOLDEN_RATIO = 0.6180339887498949
JITTER = 0.5
MARGIN = 0.04
MIN_FOR_MEDIAN = 3


@dataclasses.dataclass(frozen=True)
class Panel:
    """One hyperparameter. [C] categories.

    Attributes:
      name: of what is on the horizontal axis: the hyperparameter, or what it lacks to 1 where that is searched.
      marks: the trials that have it and a value, from left to right at its value, or at their category's index with a
        little jitter.
      categories: names of the categories at 0, 1, ... C - 1; empty for a range. [C]
      medians: of the metric per category, None for one with fewer than three trials. [C]
      is_log: whether the horizontal axis is logarithmic.
      limits: of the horizontal axis: the search space's ends and a little more; None when they are not known.
    """

    name: str
    marks: list[Marks]
    categories: list[str]
    medians: list[float | None]
    is_log: bool
    limits: tuple[float, float] | None


def make_panels(record: StudyRecord) -> list[Panel]:
    """One panel per hyperparameter that the study varies and some trial has, in the study's order."""
    varied = record.space.varied
    panels = [_make_panel(record, name, varied.get(name)) for name in record.varied_names()]
    return [panel for panel in panels if panel.marks]


def _make_panel(record: StudyRecord, name: str, parameter: Parameter | None) -> Panel:
    trials = [trial for trial in record.trials if name in trial.params and last_value(trial) is not None]
    raw = [trial.params[name] for trial in trials]
    categories = categories_of(parameter, raw)
    label, places = name, positions_of(name, trials, categories)
    if isinstance(parameter, OneMinus) and not categories:
        label, parameter = f"1 - {name}", parameter.searched
        places = {number: 1.0 - place for number, place in places.items()}
    marks = make_marks(
        record, trials, lambda trial: places[trial.number], lambda trial: _lines(trial, record.metric_name, name)
    )
    is_log = isinstance(parameter, Range) and parameter.log and not categories and min(places.values(), default=1) > 0
    limits = axis_limits(parameter, [*places.values()], categories, is_log)
    complete = [trial for trial in trials if trial.is_complete]
    return Panel(label, marks, categories, medians_of(name, complete, categories), is_log, limits)


def positions_of(name: str, trials: Sequence[TrialRecord], categories: Sequence[str]) -> Mapping[int, float]:
    """Where trials stand from left to right, by number."""
    if not categories:
        return {trial.number: float(trial.params[name]) for trial in trials}
    index = {category: float(index) for index, category in enumerate(categories)}
    return {trial.number: index[format_value(trial.params[name])] + jitter(trial.number) for trial in trials}


def axis_limits(
    parameter: Parameter | None, places: Sequence[float], categories: Sequence[str], is_log: bool
) -> tuple[float, float] | None:
    """The ends of a panel's horizontal axis, so that it shows what was searched and not only what was tried."""
    if categories:
        return -0.6, len(categories) - 0.4
    if not isinstance(parameter, Range):
        return None
    low, high = min([parameter.low, *places]), max([parameter.high, *places])
    if is_log:
        factor = (high / low) ** MARGIN
        return low / factor, high * factor
    return low - MARGIN * (high - low), high + MARGIN * (high - low)


def num_columns(num_panels: int) -> int:
    """How many panels stand side by side: up to four, and three for six of them."""
    return 3 if num_panels == 6 else max(1, min(4, num_panels))


def categories_of(parameter: Parameter | None, values: Sequence[Any]) -> list[str]:
    """The categories of a hyperparameter; empty when it is a range of numbers.

    Args:
      parameter: what the study searches. Its order counts, and choices that no trial took are shown as well.
        None when the record does not say.
      values: the sampled ones.
    """
    choices = parameter.values if isinstance(parameter, Choice) else ()
    if not choices and all(map(is_finite_number, values)):
        return []
    return list(dict.fromkeys(format_value(value) for value in (*choices, *values)))


def medians_of(name: str, trials: Sequence[TrialRecord], categories: Sequence[str]) -> list[float | None]:
    """The median of the metric in each category, None where there are fewer than three trials."""
    values: dict[str, list[float]] = {category: [] for category in categories}
    for trial in trials if categories else ():
        values[format_value(trial.params[name])] += values_of([trial])
    return [statistics.median(found) if len(found) >= MIN_FOR_MEDIAN else None for found in values.values()]


def jitter(number: int) -> float:
    """A trial's shift inside its category, in [-JITTER / 2, JITTER / 2]: even, and the same in every drawing."""
    return ((number * GOLDEN_RATIO + 0.5) % 1.0 - 0.5) * JITTER


def _lines(trial: TrialRecord, metric_name: str, name: str) -> list[str]:
    """What a trial's mark says: its number, the hyperparameter, and the result."""
    return [f"trial {trial.number}", format_params({name: trial.params[name]}), result_text(trial, metric_name)]
