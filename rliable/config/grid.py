"""Checks a study's search space against what the model says of its hyperparameters."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from rliable.config.search_space import Range, SearchSpace
from rliable.schema import Rule, check_value, has_type, nearest


def grid_problems(grid: Any, space: SearchSpace, table: Any) -> list[str]:
    """Checks every value that the search space can give against the model's own rules."""
    if table is None or not isinstance(grid, dict):
        return []
    fields = {field.name: field for field in dataclasses.fields(table)}
    hints = typing.get_type_hints(table)
    problems = [f"grid.{name}: unknown hyperparameter{nearest(name, fields)}" for name in grid if name not in fields]
    for name in [name for name in grid if name in fields and (name in space.varied or name in space.fixed)]:
        for place, value in sample_values(name, grid[name]):
            problems += check_value_in_grid(value, hints[name], fields[name].metadata["rule"], place)
    return problems


def whole_range_notes(space: SearchSpace, model_class: Any) -> list[str]:
    """Says which ranges of whole numbers are for hyperparameters that take real ones: perhaps not what was meant."""
    table = getattr(model_class, "hyperparameters", None)
    hints = typing.get_type_hints(table) if table is not None else {}
    names = [name for name, parameter in space.varied.items() if isinstance(parameter, Range) and parameter.is_integer]
    return [
        f"grid.{name}: whole ends make a range of whole numbers; write {space.varied[name].low}.0 for real ones"  # type: ignore[union-attr]
        for name in names
        if name in hints and has_type(0.5, hints[name])
    ]


def sample_values(name: str, entry: Any) -> list[tuple[str, Any]]:
    """The values of a grid entry that decide whether all are allowed: all of a list, the ends of a range."""
    if isinstance(entry, list):
        return [(f"grid.{name}[{i}]", value) for i, value in enumerate(entry)]
    if not isinstance(entry, dict):
        return [(f"grid.{name}", entry)]
    is_whole = all(isinstance(entry[key], int) for key in ("min", "max", "step") if key in entry)
    return [(f"grid.{name}.{end}", entry[end] if is_whole else float(entry[end])) for end in ("min", "max")]


def check_value_in_grid(value: Any, hint: Any, rule: Rule, place: str) -> list[str]:
    """Like `check_value`; a range of real numbers for a whole-number hyperparameter gets its own words."""
    if (
        isinstance(value, float)
        and place.endswith((".min", ".max"))
        and not has_type(value, hint)
        and has_type(1, hint)
    ):
        return [f"{place}: this range gives real numbers, but a whole number is needed; write both ends and step whole"]
    return check_value(value, hint, rule, place)
