"""What several pictures are made of: captions, marks of trials, words for the mouse."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Sequence

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.facts import error_text, last_value, result_text
from rliable.report.formats import format_params, shorten

MAX_RESULT = 120  # characters
LARGEST = 1e300


class Kind(enum.Enum):
    """What became of a trial; in the order of drawing, so that the best lies on top."""

    FAILED = "failed trial"
    PRUNED = "pruned trial"
    TRIAL = "trial"
    BEST = "best trial"


@dataclasses.dataclass(frozen=True)
class Caption:
    """The words of one picture.

    Attributes:
      title: what it shows.
      note: how to read it; empty where that is plain.
      missing: why there is no picture; empty when there is one.
    """

    title: str
    note: str = ""
    missing: str = ""


@dataclasses.dataclass(frozen=True)
class Marks:
    """The trials of one kind in one picture. [N]

    Attributes:
      kind: of all of them.
      numbers: the trials. [N]
      xs: their places from left to right. [N]
      ys: their places upwards, on the metric's axis; None for trials without a value, which stand at the bottom. [N]
      texts: what each says under the mouse, in lines. [N]
    """

    kind: Kind
    numbers: list[int]
    xs: list[float]
    ys: list[float] | None
    texts: list[list[str]]


Place = Callable[[TrialRecord], float]
Text = Callable[[TrialRecord], list[str]]


def make_marks(record: StudyRecord, trials: Sequence[TrialRecord], place: Place, text: Text) -> list[Marks]:
    """Marks trials, those of a kind together, in the order of drawing.

    Args:
      record: the study.
      trials: those to mark.
      place: gives a trial's place from left to right.
      text: gives what it says under the mouse.
    """
    marks = []
    for kind in Kind:
        alike = [trial for trial in trials if kind_of_trial(trial, record) is kind]
        for has_value in (False, True):
            group = [trial for trial in alike if (last_value(trial) is not None) is has_value]
            numbers, xs, texts = [trial.number for trial in group], [*map(place, group)], [*map(text, group)]
            marks.append(Marks(kind, numbers, xs, values_of(group) if has_value else None, texts))
    return [group for group in marks if group.numbers]


def kind_of_trial(trial: TrialRecord, record: StudyRecord) -> Kind:
    """The kind of a trial in its study."""
    if trial.is_complete:
        return Kind.BEST if trial.number == record.best else Kind.TRIAL
    return Kind.PRUNED if trial.is_pruned else Kind.FAILED


def values_of(trials: Sequence[TrialRecord]) -> list[float]:
    """The values of those trials that have one, as they are drawn."""
    values = map(last_value, trials)
    return [drawable(value) for value in values if value is not None]


def drawable(value: float) -> float:
    """A finite value, or one near it that an axis can hold: a longer one than 1.8e308 is none."""
    return min(max(float(value), -LARGEST), LARGEST)


def trial_lines(trial: TrialRecord, metric_name: str, names: Sequence[str]) -> list[str]:
    """A trial's number, what came of it, and its hyperparameters, a line each."""
    result = result_text(trial, metric_name)
    if not trial.is_complete and not trial.is_pruned:
        result += f": {error_text(trial)}"
    params = [format_params({name: trial.params[name]}) for name in names if name in trial.params]
    return [f"trial {trial.number}", shorten(result, MAX_RESULT), *params]
