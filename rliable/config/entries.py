"""Checks the entries of a `grid` one by one, as a study file writes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rliable.config.parameters import HIGHEST_SEARCHED, Choice, OneMinus, Parameter, Range, exact
from rliable.schema import Problem, describe, join, unknown_key_problems

ENDS = ("min", "max")
RANGE_KEYS = (*ENDS, "log", "step", "as", "when")
CHOICE_KEYS = ("values", "when")
#: More steps than that cannot be told apart, by floats or by whole numbers of 64 bits.
MAX_STEPS = 2**63


def make_parameter(entry: Any) -> Parameter:
    """A checked entry as a parameter; a fixed value is a choice of one."""
    if not isinstance(entry, dict):
        return Choice(tuple(entry) if isinstance(entry, list) else (entry,))
    if "values" in entry:
        return Choice(tuple(entry["values"]))
    if entry["min"] == entry["max"]:
        return Choice((1.0 - entry["min"] if "as" in entry else entry["min"],))
    return OneMinus(make_range(entry)) if "as" in entry else make_range(entry)


def make_range(entry: Mapping[str, Any]) -> Range:
    """A checked object with `min` and `max` as a range."""
    low, high, step = entry["min"], entry["max"], entry.get("step")
    is_whole = isinstance(low, int) and isinstance(high, int) and isinstance(step, int | None)
    if not is_whole or "as" in entry:
        low, high, step = float(low), float(high), None if step is None else float(step)
    return Range(low, high, step, entry.get("log", False))


def entry_problems(name: str, entry: Any, path: str) -> list[Problem]:
    """What is wrong with an entry, whatever the others are.

    Args:
      name: the parameter.
      entry: what the study file says of it.
      path: where.
    """
    if isinstance(entry, list):
        return list_problems(entry, path)
    if not isinstance(entry, dict):
        finite = not isinstance(entry, float) or math.isfinite(entry)
        return [] if finite else [Problem(path, f"{entry} is not a finite number")]
    problems = when_problems(entry["when"], join(path, "when")) if "when" in entry else []
    if "values" not in entry:
        return range_problems(name, entry, path) + problems
    problems = unknown_key_problems([key for key in entry if key not in CHOICE_KEYS], CHOICE_KEYS, path) + problems
    values, place = entry["values"], join(path, "values")
    if not isinstance(values, list):
        return [Problem(place, f"expected a list, found {describe(values)}"), *problems]
    return list_problems(values, place) + problems


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


def when_problems(when: Any, path: str) -> list[Problem]:
    """What is wrong with a condition, whatever the other entries are."""
    if not isinstance(when, dict) or not when:
        found = "an empty one" if when == {} else describe(when)
        return [Problem(path, f'expected an object such as {{"noise": "ou"}}, found {found}')]
    return [Problem(join(path, name), "an empty list; give at least one value") for name in when if when[name] == []]


def range_problems(name: str, entry: Mapping[str, Any], path: str) -> list[Problem]:
    """What is wrong with a range."""
    unknown, missing = [key for key in entry if key not in RANGE_KEYS], [key for key in ENDS if key not in entry]
    problems = unknown_key_problems(unknown, RANGE_KEYS, path)
    problems += [Problem(join(path, key), "missing; a range needs min and max") for key in missing]
    wrong = [key for key in (*ENDS, "step") if key in entry and not is_finite_number(entry[key])]
    problems += [Problem(join(path, key), f"expected a finite number, found {describe(entry[key])}") for key in wrong]
    if not isinstance(entry.get("log", False), bool):
        problems.append(Problem(join(path, "log"), f"expected true or false, found {describe(entry['log'])}"))
    return problems or order_problems(entry, path) + (as_problems(name, entry, path) if "as" in entry else [])


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


def as_problems(name: str, entry: Mapping[str, Any], path: str) -> list[Problem]:
    """What is wrong with a range of something that the hyperparameter follows from."""
    form, problems = f"1 - {name}", []
    if entry["as"] != form:
        problems.append(Problem(join(path, "as"), f'expected "{form}", found {describe(entry["as"])}'))
    beyond = [end for end in ENDS if not 0 <= entry[end] <= HIGHEST_SEARCHED]
    words = f"is out of range, {form} must be in [0, {HIGHEST_SEARCHED:g}]; search {name} itself beyond"
    problems += [Problem(join(path, end), f"{entry[end]} {words}") for end in beyond]
    if "step" in entry:
        problems.append(Problem(join(path, "step"), f"cannot be combined with as; list the values of {name} instead"))
    return problems
