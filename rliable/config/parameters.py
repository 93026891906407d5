"""What varies in a search: a choice among values, a range of numbers, or what such a range lacks to 1.

Each knows how to ask an Optuna trial for a value, how many values it has, the value that belongs to an index or to a
point of [0, 1), the index of a value, whether something is one, and what stands for a value in Optuna's journal.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


#: Up to here 1 - (1 - x) is as exact as 1 - x.
HIGHEST_SEARCHED = 0.5


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of several values, all equally likely.

    Attributes:
      values: any JSON values, at least one, no two alike.
    """

    values: tuple[Any, ...]

    @property
    def size(self) -> int:
        return len(self.values)

    def labels(self) -> list[Any]:
        """What stands for the values in Optuna's journal, which takes no lists or objects."""
        return [json.dumps(value) if isinstance(value, list | dict) else value for value in self.values]

    def suggest(self, trial: BaseTrial, name: str) -> Any:
        label = trial.suggest_categorical(name, self.labels())
        return self.values[self.labels().index(label)]

    def encode(self, value: Any) -> Any:
        """What stands for a value in Optuna's journal."""
        return self.labels()[self.values.index(value)]

    def value_at(self, index: int) -> Any:
        return self.values[index]

    def index_of(self, value: Any) -> int | None:
        """The index of a value, None if it has none."""
        return self.values.index(value) if value in self.values else None

    def holds(self, value: Any) -> bool:
        """Whether something is one of its values."""
        return value in self.values

    def from_unit(self, point: float) -> Any:
        return self.values[int(point * self.size)]

    def describe(self) -> str:
        return "choice " + ", ".join(json.dumps(value) for value in self.values)


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers between two ends, both of which are reached.

    A step is counted in decimal numbers, as a person and Optuna count it: 0, 0.1, 0.2, 0.3 and not 0.30000000000000004.

    Attributes:
      low, high: the ends; both int for a range of whole numbers, else both float.
      step: the distance between neighbours, or None (whole numbers: 1; real numbers: all).
      log: whether the logarithm is uniform rather than the number.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False

    @property
    def is_integer(self) -> bool:
        return isinstance(self.low, int)

    @property
    def size(self) -> int | None:
        """How many values it has; None when uncountable."""
        if self.is_integer:
            return int((self.high - self.low) // (self.step or 1)) + 1
        return None if self.step is None else int((exact(self.high) - exact(self.low)) // exact(self.step)) + 1

    def suggest(self, trial: BaseTrial, name: str) -> float:
        if self.is_integer:
            return trial.suggest_int(
                name, int(self.low), int(self.value_at(-1)), log=self.log, step=int(self.step or 1)
            )
        if self.step is None:
            return trial.suggest_float(name, self.low, self.high, log=self.log)
        found = trial.suggest_float(name, self.low, self.value_at(-1), step=self.step)
        return self.value_at(round((found - self.low) / self.step))

    def encode(self, value: float) -> float:
        """What stands for a value in Optuna's journal."""
        return value

    def value_at(self, index: int) -> float:
        """The value at a position counted from 0, or from the end when negative."""
        assert self.size is not None
        position = index % self.size
        if self.is_integer:
            return int(self.low + position * (self.step or 1))
        return min(float(exact(self.low) + position * exact(self.step or 1)), self.high)

    def index_of(self, value: Any) -> int | None:
        """The index of a value, None if it has none."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.size is None or not is_number or not self.low <= value <= self.high:
            return None
        index = int((exact(value) - exact(self.low)) // exact(self.step or 1))
        return index if self.value_at(index) == value else None

    def holds(self, value: Any) -> bool:
        """Whether something is one of its values."""
        if self.size is not None:
            return self.index_of(value) is not None
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def from_unit(self, point: float) -> float:
        if self.log and self.is_integer:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            return int(min(max(round(math.exp(low + point * (high - low))), self.low), self.high))
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            return min(max(math.exp(low + point * (high - low)), self.low), self.high)
        if self.size is not None:
            return self.value_at(int(point * self.size))
        return self.low + point * (self.high - self.low)

    def describe(self) -> str:
        step = f" step {self.step:g}" if self.step is not None else ""
        kind = "int" if self.is_integer else "float"
        return f"{kind} {format_end(self.low)}..{format_end(self.high)}{step}{' (log)' if self.log else ''}"


@dataclasses.dataclass(frozen=True)
class OneMinus:
    """1 - x for the x of a range: the range is what is searched, 1 - x the hyperparameter.

    Optuna's journal holds x. For a value in [0.5, 1] the difference to 1 is exact, so it leads back to the same value.

    Attributes:
      searched: of real numbers without a step, in [0, HIGHEST_SEARCHED].
    """

    searched: Range

    @property
    def size(self) -> None:
        return None

    def suggest(self, trial: BaseTrial, name: str) -> float:
        return 1.0 - self.searched.suggest(trial, name)

    def encode(self, value: float) -> float:
        """What stands for a value in Optuna's journal: never beyond the ends, which need not have an exact 1 - x."""
        return min(max(1.0 - value, self.searched.low), self.searched.high)

    def value_at(self, index: int) -> float:
        raise IndexError("real numbers cannot be counted")

    def index_of(self, value: Any) -> int | None:
        """None: its values have no indices."""
        return None

    def holds(self, value: Any) -> bool:
        """Whether something is one of its values; ends are as exact as what lies between."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and abs(self.encode(value) - (1.0 - value)) <= sys.float_info.epsilon

    def from_unit(self, point: float) -> float:
        return 1.0 - self.searched.from_unit(point)

    def describe(self) -> str:
        return f"1 minus {self.searched.describe()}"


def exact(number: float) -> Fraction:
    """A number as it is written: 0.1 is a tenth."""
    return Fraction(repr(number))


def format_end(number: float) -> str:
    """An end of a range: whole numbers in full."""
    return str(number) if isinstance(number, int) else f"{number:g}"


Parameter = Choice | Range | OneMinus
