"""Checks a study's search space against what the model says of its hyperparameters."""

from __future__ import annotations

from typing import Any

from rliable.config.parameters import Range
from rliable.config.search_space import SearchSpace
from rliable.json_types import has_type
from rliable.schema import Declaration, Problem, check_value, declarations, join, unknown_key_problems


def grid_problems(grid: Any, space: SearchSpace, table: Any) -> list[Problem]:
    """Checks every value that the search space can give against the model's own rules."""
    if table is None or not isinstance(grid, dict):
        return []
    known = declarations(table)
    unknown = [name for name in grid if name not in known]
    problems = unknown_key_problems(unknown, known, "grid", "hyperparameter")
    for name in [name for name in grid if name in known and (name in space.varied or name in space.fixed)]:
        problems += rule_problems(grid[name], known[name], join("grid", name))
    for name in [name for name in grid if name in known and not known[name].rule.searchable]:
        problems.append(Problem(join("grid", name), "cannot be searched over; write it in the model file"))
    return problems


def whole_range_notes(space: SearchSpace, table: Any) -> list[str]:
    """Says which ranges of whole numbers are for hyperparameters that take real ones: perhaps not what was meant."""
    known = declarations(table) if table is not None else {}
    whole = {name: found for name, found in space.varied.items() if isinstance(found, Range) and found.is_integer}
    return [
        f"grid.{name}: whole ends make a range of whole numbers; write {parameter.low}.0 for real ones"
        for name, parameter in whole.items()
        if name in known and known[name].hint is not Any and has_type(0.5, known[name].hint)
    ]


def rule_problems(entry: Any, declared: Declaration, path: str) -> list[Problem]:
    """Checks the values of one grid entry that decide whether all are allowed: all of a list, the ends of a range."""
    needs_whole = has_type(1, declared.hint) and not has_type(0.5, declared.hint)
    if isinstance(entry, list):
        values = {f"{path}[{i}]": value for i, value in enumerate(entry)}
    elif not isinstance(entry, dict):
        values = {path: entry}
    elif "values" in entry:
        return rule_problems(entry["values"], declared, join(path, "values"))
    elif "as" in entry and not needs_whole:
        values = {join(path, end): 1.0 - entry[end] for end in ("min", "max")}
    elif all(isinstance(entry[key], int) for key in ("min", "max", "step") if key in entry):
        values = {join(path, end): entry[end] for end in ("min", "max")}
    elif needs_whole:
        words = "this range gives real numbers, but a whole number is needed; write both ends and step whole"
        return [Problem(join(path, end), words) for end in ("min", "max")]
    else:
        values = {join(path, end): float(entry[end]) for end in ("min", "max")}
    checked = [check_value(value, declared.hint, declared.rule, place) for place, value in values.items()]
    return [problem for problems in checked for problem in problems]
