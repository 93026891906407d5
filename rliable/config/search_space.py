"""The search space: what the `grid` of a study file lets vary, and over which values.

An entry is written in JSON: a bare value is fixed, a list is a choice, and an object with `min` and `max` is a range of
whole numbers (both ends whole) or of real numbers. With `as` it is a range of what the hyperparameter lacks to 1; with
`when`, which a choice written as an object with `values` may have as well, the hyperparameter is there only in those
configurations in which others have certain values.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rliable.config.conditions import (
    Condition,
    condition_problems,
    describe_condition,
    make_condition,
    named_values,
    parents_first,
)
from rliable.config.entries import entry_problems, make_parameter
from rliable.config.parameters import Parameter
from rliable.schema import Problem, join

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


@dataclasses.dataclass(frozen=True)
class SearchSpace:
    """The parameters that vary and those that are fixed, in the order of the study file.

    Attributes:
      varied: those that do not have the same value in every configuration.
      fixed: the value of each of the others.
      conditions: of the varied ones that not every configuration has: which others must have which values.
    """

    varied: dict[str, Parameter]
    fixed: dict[str, Any]
    conditions: dict[str, Condition] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def size(self) -> int | None:
        """How many configurations there are; None when uncountable."""
        is_countable = all(parameter.size is not None for parameter in self.varied.values())
        return self._num_ways(self._order, {}) if is_countable else None

    def configuration_at(self, index: int) -> dict[str, Any]:
        """The configuration at a position in [0, size): the last parameter varies fastest."""
        values: dict[str, Any] = {}
        for i, name in enumerate(self._order):
            if self.has(name, values):
                values[name], index = self._value_at(index, i, values)
        return self._in_order(values)

    def has(self, name: str, values: Mapping[str, Any]) -> bool:
        """Tells whether a configuration has a parameter, which those decide that come before it in `values`."""
        condition = self.conditions.get(name)
        if condition is None:
            return True
        known = {**self.fixed, **values}
        return all(parent in known and known[parent] in allowed for parent, allowed in condition.items())

    def active(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those of a value for every parameter that the configuration has."""
        kept: dict[str, Any] = {}
        for name in self._order:
            if self.has(name, kept):
                kept[name] = values[name]
        return self._in_order(kept)

    def encode(self, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """What stands for a configuration in Optuna's journal."""
        return {name: self.varied[name].encode(value) for name, value in configuration.items()}

    def suggest(self, trial: BaseTrial) -> dict[str, Any]:
        """The values of the parameters that vary, as the trial's sampler chooses them or has chosen them before.

        Raises:
          ValueError: it is a trial of the past that lacks one.
        """
        values: dict[str, Any] = {}
        for name in self._order:
            if self.has(name, values):
                values[name] = self.varied[name].suggest(trial, name)
        return self._in_order(values)

    def describe(self) -> dict[str, str]:
        """One phrase per parameter, fixed ones included."""
        words = {name: parameter.describe() for name, parameter in self.varied.items()}
        words |= {name: f"{words[name]} {describe_condition(self.conditions[name])}" for name in self.conditions}
        return words | {name: f"fixed {json.dumps(value)}" for name, value in self.fixed.items()}

    @functools.cached_property
    def _order(self) -> tuple[str, ...]:
        """The varied parameters, each after those on which it depends."""
        return parents_first(list(self.varied), self.conditions)

    def _in_order(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A configuration in the order of the study file."""
        return {name: values[name] for name in self.varied if name in values}

    def _num_ways(self, names: tuple[str, ...], values: dict[str, Any]) -> int:
        """In how many ways values of some parameters, the first in order, can be completed by the other names."""
        if not names:
            return 1
        first, others = names[0], names[1:]
        if not self.has(first, values):
            return self._num_ways(others, values)
        return sum(
            width * self._num_ways(others, {**values, first: self.varied[first].value_at(start)})
            for start, width in self._blocks[first]
        )

    def _value_at(self, index: int, position: int, values: dict[str, Any]) -> tuple[Any, int]:
        """The value of the parameter at a position in order, and the index among the ways to complete it from there."""
        name, others = self._order[position], self._order[position + 1 :]
        for start, width in self._blocks[name]:
            ways = self._num_ways(others, {**values, name: self.varied[name].value_at(start)})
            if index < width * ways:
                return self.varied[name].value_at(start + index // ways), index % ways
            index -= width * ways
        raise IndexError("there are no more configurations")

    @functools.cached_property
    def _blocks(self) -> dict[str, list[tuple[int, int]]]:
        """The indices of each parameter's values as blocks (first, how many) that no condition tells apart."""
        return {name: split(parameter, named_values(name, self.conditions)) for name, parameter in self.varied.items()}


def split(parameter: Parameter, values: Iterable[Any]) -> list[tuple[int, int]]:
    """The indices of a parameter's values as blocks (first, how many): each of `values` alone, and what lies between.

    Args:
      parameter: a countable one.
      values: any.
    """
    assert parameter.size is not None
    indices = {index for index in map(parameter.index_of, values) if index is not None}
    blocks, start = [], 0
    for index in sorted(indices):
        blocks += [(start, index - start), (index, 1)]
        start = index + 1
    return [(first, width) for first, width in [*blocks, (start, parameter.size - start)] if width > 0]


def parse_search_space(grid: Mapping[str, Any], path: str = "grid") -> tuple[SearchSpace, list[Problem]]:
    """Reads the `grid` of a study file.

    Returns:
      The space, and the mistakes; with mistakes the space holds only what is right.
    """
    wrong = {name: entry_problems(name, entry, join(path, name)) for name, entry in grid.items()}
    right = {name: entry for name, entry in grid.items() if not wrong[name]}
    parameters = {name: make_parameter(entry) for name, entry in right.items()}
    conditions = {name: condition for name, entry in right.items() if (condition := make_condition(entry))}
    for name, found in condition_problems(grid, parameters, conditions, path).items():
        wrong[name] += found
        del parameters[name], conditions[name]
    varied = {name: found for name, found in parameters.items() if found.size != 1 or name in conditions}
    fixed = {name: found.value_at(0) for name, found in parameters.items() if name not in varied}
    return SearchSpace(varied, fixed, conditions), [problem for found in wrong.values() for problem in found]
