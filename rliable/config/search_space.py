"""The search space: what the `grid` of a study file lets vary, and over which values.

A parameter is one of four kinds, each written in JSON: a bare value is fixed, a list is a choice, and an object with
`min` and `max` is a range of whole numbers (both ends whole) or of real numbers. Every kind knows how to
ask an Optuna trial for a value, how many values it has, and the value that belongs to an index or to a point of [0, 1).
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rliable.schema import describe, join, nearest

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


RANGE_KEYS = ("min", "max", "log", "step")


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of several values, all equally likely.

    Attributes:
      values: any JSON values, at least two, no two alike.
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

    def value_at(self, index: int) -> Any:
        return self.values[index]

    def from_unit(self, point: float) -> Any:
        return self.values[int(point * self.size)]

    def describe(self) -> str:
        return "choice " + ", ".join(json.dumps(value) for value in self.values)


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers between two ends, both of which are reached.

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
        if self.step is None and not self.is_integer:
            return None
        return math.floor((self.high - self.low) / (self.step or 1) + 1e-9) + 1

    def suggest(self, trial: BaseTrial, name: str) -> float:
        if self.is_integer:
            return trial.suggest_int(
                name, int(self.low), int(self.value_at(-1)), log=self.log, step=int(self.step or 1)
            )
        top = self.high if self.step is None else self.value_at(-1)
        return trial.suggest_float(name, self.low, top, log=self.log, step=self.step)

    def value_at(self, index: int) -> float:
        """The value at a position counted from 0, or from the end when negative."""
        assert self.size is not None
        value = self.low + (index % self.size) * (self.step or 1)
        return int(value) if self.is_integer else float(min(value, self.high))

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


Parameter = Choice | Range


def format_end(number: float) -> str:
    """An end of a range: whole numbers in full."""
    return str(number) if isinstance(number, int) else f"{number:g}"


@dataclasses.dataclass(frozen=True)
class SearchSpace:
    """The parameters that vary and those that are fixed, in the order of the study file."""

    varied: dict[str, Parameter]
    fixed: dict[str, Any]

    @property
    def size(self) -> int | None:
        """How many configurations there are; None when uncountable."""
        sizes = [parameter.size for parameter in self.varied.values()]
        return math.prod(size for size in sizes if size is not None) if None not in sizes else None

    def configuration_at(self, index: int) -> dict[str, Any]:
        """The configuration at a position in [0, size): the last parameter varies fastest."""
        values = {}
        for name, parameter in reversed(self.varied.items()):
            assert parameter.size is not None
            index, position = divmod(index, parameter.size)
            values[name] = parameter.value_at(position)
        return {name: values[name] for name in self.varied}

    def suggest(self, trial: BaseTrial) -> dict[str, Any]:
        """The values of the parameters that vary, as the trial's sampler chooses them or has chosen them before."""
        return {name: parameter.suggest(trial, name) for name, parameter in self.varied.items()}

    def describe(self) -> dict[str, str]:
        """One phrase per parameter, fixed ones included."""
        words = {name: parameter.describe() for name, parameter in self.varied.items()}
        return words | {name: f"fixed {json.dumps(value)}" for name, value in self.fixed.items()}


def parse_search_space(grid: Mapping[str, Any], path: str = "grid") -> tuple[SearchSpace, list[str]]:
    """Reads the `grid` of a study file.

    Returns:
      The space, and one line per mistake; with mistakes the space holds only what is right.
    """
    varied: dict[str, Parameter] = {}
    fixed: dict[str, Any] = {}
    problems: list[str] = []
    for name, entry in grid.items():
        place = join(path, name)
        found = list_problems(entry, place) if isinstance(entry, list) else range_problems(entry, place)
        problems += found
        if found:
            continue
        if isinstance(entry, list) and len(entry) > 1:
            varied[name] = Choice(tuple(entry))
        elif isinstance(entry, dict) and entry["min"] != entry["max"]:
            varied[name] = make_range(entry)
        else:
            fixed[name] = entry[0] if isinstance(entry, list) else entry["min"] if isinstance(entry, dict) else entry
    return SearchSpace(varied, fixed), problems


def make_range(entry: Mapping[str, Any]) -> Range:
    """A checked object with `min` and `max` as a range."""
    low, high, step = entry["min"], entry["max"], entry.get("step")
    if not (isinstance(low, int) and isinstance(high, int) and isinstance(step, int | None)):
        low, high, step = float(low), float(high), None if step is None else float(step)
    return Range(low, high, step, entry.get("log", False))


def list_problems(values: list[Any], path: str) -> list[str]:
    """What is wrong with a choice."""
    if not values:
        return [f"{path}: an empty list; give at least one value"]
    problems = [
        f"{path}[{i}]: {value} is not a finite number"
        for i, value in enumerate(values)
        if isinstance(value, float) and not math.isfinite(value)
    ]
    twice = [i for i, value in enumerate(values) if value in values[:i]]
    return problems + [f"{path}[{i}]: {describe(values[i])} is listed twice" for i in twice]


def range_problems(entry: Any, path: str) -> list[str]:
    """What is wrong with a range; a bare value is always right."""
    if not isinstance(entry, dict):
        finite = not isinstance(entry, float) or math.isfinite(entry)
        return [] if finite else [f"{path}: {entry} is not a finite number"]
    problems = [f"{join(path, key)}: unknown key{nearest(key, RANGE_KEYS)}" for key in entry if key not in RANGE_KEYS]
    problems += [f"{join(path, key)}: missing; a range needs min and max" for key in ("min", "max") if key not in entry]
    problems += [
        f"{join(path, key)}: expected a finite number, found {describe(entry[key])}" for key in wrong_numbers(entry)
    ]
    if not isinstance(entry.get("log", False), bool):
        problems.append(f"{join(path, 'log')}: expected true or false, found {describe(entry['log'])}")
    return problems or order_problems(entry, path)


def wrong_numbers(entry: Mapping[str, Any]) -> list[str]:
    """The keys of a range that should hold a finite number and do not."""
    numbers = [key for key in ("min", "max", "step") if key in entry]
    return [key for key in numbers if not is_finite_number(entry[key])]


def is_finite_number(value: Any) -> bool:
    """Tells whether a JSON value is a finite number (true and false are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def order_problems(entry: Mapping[str, Any], path: str) -> list[str]:
    """What is wrong between the numbers of a range."""
    low, high, step, log = entry["min"], entry["max"], entry.get("step"), entry.get("log", False)
    problems = []
    if low > high:
        problems.append(f"{path}.min: {low} is above max {high}")
    if log and low <= 0:
        problems.append(f"{path}.min: {low} must be above 0 with log")
    if step is not None and step <= 0:
        problems.append(f"{path}.step: {step} must be above 0")
    elif step is not None and low < high and step > high - low:
        problems.append(f"{path}.step: {step} is larger than max - min = {high - low}")
    if step is not None and log:
        problems.append(f"{path}.step: cannot be combined with log")
    return problems
