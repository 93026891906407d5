"""Each varied hyperparameter against the metric, as plain numbers."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

from rliable.config.search_space import Choice, Parameter, Range
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.formats import format_value

GOLDEN_RATIO = 0.6180339887498949
JITTER = 0.5
MARGIN = 0.04
MIN_FOR_MEDIAN = 3


@dataclasses.dataclass(frozen=True)
class Panel:
    """One hyperparameter. [N] trials with a value, [C] categories.

    Attributes:
      name: the hyperparameter.
      numbers: the trials. [N]
      positions: on the horizontal axis: the value, or the category's index with a little jitter. [N]
      labels: the hyperparameter's values as texts. [N]
      values: the metric. [N]
      categories: names of the categories at 0, 1, ... C - 1; empty for a range. [C]
      medians: of the metric per category, None for one with fewer than three trials. [C]
      is_log: whether the horizontal axis is logarithmic.
      limits: of the horizontal axis: the search space's ends and a little more; None when they are not known.
    """

    name: str
    numbers: list[int]
    positions: list[float]
    labels: list[str]
    values: list[float]
    categories: list[str]
    medians: list[float | None]
    is_log: bool
    limits: tuple[float, float] | None


def make_panels(record: StudyRecord) -> list[Panel]:
    """One panel per hyperparameter that the study varies, in the study's order.

    The best trial comes last in each, so that it is drawn on top of the others.
    """
    complete = [trial for trial in record.trials if trial.is_complete]
    trials = sorted(complete, key=lambda trial: (trial.number == record.best, trial.number))
    varied = record.space.varied
    return [_make_panel(name, varied.get(name), trials) for name in record.varied_names()]


def _make_panel(name: str, parameter: Parameter | None, trials: Sequence[TrialRecord]) -> Panel:
    having = [trial for trial in trials if name in trial.params]
    raw = [trial.params[name] for trial in having]
    labels = [format_value(value) for value in raw]
    categories = categories_of(parameter, raw)
    positions = [float(value) for value in raw] if not categories else []
    for trial, label in zip(having, labels, strict=True) if categories else ():
        positions.append(categories.index(label) + jitter(trial.number))
    values = [float(trial.value or 0.0) for trial in having]
    medians = [_median(values, labels, category) for category in categories]
    is_log = isinstance(parameter, Range) and parameter.log and all(position > 0 for position in positions)
    numbers = [trial.number for trial in having]
    limits = axis_limits(parameter, positions, categories, is_log)
    return Panel(name, numbers, positions, labels, values, categories, medians, is_log, limits)


def axis_limits(
    parameter: Parameter | None, positions: Sequence[float], categories: Sequence[str], is_log: bool
) -> tuple[float, float] | None:
    """The ends of a panel's horizontal axis, so that it shows what was searched and not only what was tried."""
    if categories:
        return -0.6, len(categories) - 0.4
    if not isinstance(parameter, Range):
        return None
    low, high = min([parameter.low, *positions]), max([parameter.high, *positions])
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
    is_numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if isinstance(parameter, Range) or (parameter is None and is_numeric):
        return []
    choices = parameter.values if isinstance(parameter, Choice) else ()
    return list(dict.fromkeys(format_value(value) for value in (*choices, *values)))


def jitter(number: int) -> float:
    """A trial's shift inside its category, in [-JITTER / 2, JITTER / 2]: even, and the same in every drawing."""
    return ((number * GOLDEN_RATIO + 0.5) % 1.0 - 0.5) * JITTER


def _median(values: Sequence[float], labels: Sequence[str], category: str) -> float | None:
    found = [value for value, label in zip(values, labels, strict=True) if label == category]
    return statistics.median(found) if len(found) >= MIN_FOR_MEDIAN else None
