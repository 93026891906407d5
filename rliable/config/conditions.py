"""Conditions on which a hyperparameter is part of a configuration: that others have certain values."""

from __future__ import annotations

import graphlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rliable.config.parameters import Parameter
from rliable.schema import Problem, describe, join, unknown_key_problems

#: The values that each of some other parameters may have, by their names.
Condition = Mapping[str, tuple[Any, ...]]


def make_condition(entry: Any) -> Condition:
    """The condition of a checked entry of a grid, empty where it has none; a list stands for any of its values."""
    when = entry.get("when", {}) if isinstance(entry, dict) else {}
    return {name: tuple(values) if isinstance(values, list) else (values,) for name, values in when.items()}


def describe_condition(condition: Condition) -> str:
    """A condition in words: `when noise is "normal" or "ou"`."""
    parts = (f"{name} is {' or '.join(map(json.dumps, values))}" for name, values in condition.items())
    return "when " + " and ".join(parts)


def named_values(name: str, conditions: Mapping[str, Condition]) -> list[Any]:
    """The values of a parameter that conditions name."""
    return [value for condition in conditions.values() for value in condition.get(name, ())]


def parents_first(names: Sequence[str], conditions: Mapping[str, Condition]) -> tuple[str, ...]:
    """The names in their order, but each after those on which it depends; there is no cycle."""
    placed: list[str] = []
    while waiting := [name for name in names if name not in placed]:
        placed.append(next(name for name in waiting if not set(conditions.get(name, ())) & set(waiting)))
    return tuple(placed)


def condition_problems(
    grid: Mapping[str, Any],
    parameters: Mapping[str, Parameter],
    conditions: Mapping[str, Condition],
    path: str,
) -> dict[str, list[Problem]]:
    """What is wrong with conditions, by the parameter that has them.

    Args:
      grid: the search space as written; what it names may depend on one another.
      parameters: those entries that are right.
      conditions: of some of them.
      path: of the grid.
    """
    problems = {name: list(parent_problems(name, grid, parameters, conditions[name], path)) for name in conditions}
    remaining = dict(conditions)
    while cycle := find_cycle(remaining):
        del remaining[cycle[0]]
        words = f"a cycle: {' -> '.join(cycle)}; one of them must not depend on the others"
        problems[cycle[0]].append(Problem(join(join(path, cycle[0]), "when"), words))
    return {name: found for name, found in problems.items() if found}


def parent_problems(
    name: str, grid: Mapping[str, Any], parameters: Mapping[str, Parameter], condition: Condition, path: str
) -> Iterator[Problem]:
    """What is wrong with one condition, cycles apart."""
    place = join(join(path, name), "when")
    yield from unknown_key_problems(
        [parent for parent in condition if parent not in grid], grid, place, "parameter of the grid"
    )
    for parent, values in condition.items():
        parameter = parameters.get(parent)
        if parameter is None:
            continue
        written = grid[name]["when"][parent]
        for i, value in enumerate(values):
            if parameter.index_of(value) is None:
                where = f"{join(place, parent)}[{i}]" if isinstance(written, list) else join(place, parent)
                yield Problem(where, f"{describe(value)} is no value of {parent}: {shown(parameter)}")


def shown(parameter: Parameter) -> str:
    """What a parameter may be, for the end of an error line."""
    return "real numbers, which no condition can name" if parameter.size is None else parameter.describe()


def find_cycle(conditions: Mapping[str, Condition]) -> list[str]:
    """Parameters each of which depends on the next, the first again at the end; empty if there are none."""
    try:
        graphlib.TopologicalSorter({name: [*condition] for name, condition in conditions.items()}).prepare()
    except graphlib.CycleError as error:
        cycle: list[str] = error.args[1][::-1]  # a name there comes after those that it depends on
        return cycle
    return []
