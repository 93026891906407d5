"""The search space: what the `grid` of a study file lets vary, and over which values.

An entry is one of four kinds, each written in JSON: a bare value is fixed, a list is a choice, and an object with `min`
and `max` is a range of whole numbers (both ends whole) or of real numbers.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rliable.config.parameters import Choice, Parameter, Range, exact
from rliable.schema import Problem, describe, join, unknown_key_problems

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


ENDS = ("min", "max")
RANGE_KEYS = (*ENDS, "log", "step")
#: More steps than that cannot be told apart, by floats or by whole numbers of 64 bits.
MAX_STEPS = 2**63


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

    def encode(self, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """What stands for a configuration in Optuna's journal."""
        return {name: self.varied[name].encode(value) for name, value in configuration.items()}

    def suggest(self, trial: BaseTrial) -> dict[str, Any]:
        """The values of the parameters that vary, as the trial's sampler chooses them or has chosen them before."""
        return {name: parameter.suggest(trial, name) for name, parameter in self.varied.items()}

    def describe(self) -> dict[str, str]:
        """One phrase per parameter, fixed ones included."""
        words = {name: parameter.describe() for name, parameter in self.varied.items()}
        return words | {name: f"fixed {json.dumps(value)}" for name, value in self.fixed.items()}


def parse_search_space(grid: Mapping[str, Any], path: str = "grid") -> tuple[SearchSpace, list[Problem]]:
    """Reads the `grid` of a study file.

    Returns:
      The space, and the mistakes; with mistakes the space holds only what is right.
    """
    varied: dict[str, Parameter] = {}
    fixed: dict[str, Any] = {}
    problems: list[Problem] = []
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


def list_problems(values: list[Any], path: str) -> list[Problem]:
    """What is wrong with a choice."""
    if not values:
        return [Problem(path, "an empty list; give at least one value")]
    problems = [
        Problem(f"{path}[{i}]", f"{value} is not a finite number")
        for i, value in enumerate(values)
        if isinstance(value, float) and not math.isfinite(value)
    ]
    first: dict[Any, int] = {}
    twice = [i for i, value in enumerate(values) if first.setdefault(hashable(value), i) != i]
    return problems + [Problem(f"{path}[{i}]", f"{describe(values[i])} is listed twice") for i in twice]


def hashable(value: Any) -> Any:
    """A JSON value as one that can be looked up; equal values give equal ones."""
    if isinstance(value, list):
        return tuple(hashable(item) for item in value)
    return frozenset((key, hashable(item)) for key, item in value.items()) if isinstance(value, dict) else value


def range_problems(entry: Any, path: str) -> list[Problem]:
    """What is wrong with a range; a bare value is always right."""
    if not isinstance(entry, dict):
        finite = not isinstance(entry, float) or math.isfinite(entry)
        return [] if finite else [Problem(path, f"{entry} is not a finite number")]
    unknown, missing = [key for key in entry if key not in RANGE_KEYS], [key for key in ENDS if key not in entry]
    problems = unknown_key_problems(unknown, RANGE_KEYS, path)
    problems += [Problem(join(path, key), "missing; a range needs min and max") for key in missing]
    wrong = [key for key in (*ENDS, "step") if key in entry and not is_finite_number(entry[key])]
    problems += [Problem(join(path, key), f"expected a finite number, found {describe(entry[key])}") for key in wrong]
    if not isinstance(entry.get("log", False), bool):
        problems.append(Problem(join(path, "log"), f"expected true or false, found {describe(entry['log'])}"))
    return problems or order_problems(entry, path)


def is_finite_number(value: Any) -> bool:
    """Tells whether a JSON value is a finite number (true and false are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def order_problems(entry: Mapping[str, Any], path: str) -> list[Problem]:
    """What is wrong between the numbers of a range."""
    low, high, step, log = entry["min"], entry["max"], entry.get("step"), entry.get("log", False)
    distance = exact(high) - exact(low)
    written = distance.numerator if distance.denominator == 1 else float(distance)
    problems = []
    if low > high:
        problems.append(Problem(join(path, "min"), f"{low} is above max {high}"))
    if log and low <= 0:
        problems.append(Problem(join(path, "min"), f"{low} must be above 0 with log"))
    if step is not None and step <= 0:
        problems.append(Problem(join(path, "step"), f"{step} must be above 0"))
    elif step is not None and low < high and step > high - low and exact(step) > distance:
        problems.append(Problem(join(path, "step"), f"{step} is larger than max - min = {written}"))
    elif step is not None and distance > MAX_STEPS * exact(step):
        problems.append(Problem(join(path, "step"), f"{step} is too small beside max - min = {written}"))
    if step is not None and log:
        problems.append(Problem(join(path, "step"), "cannot be combined with log"))
    return problems
