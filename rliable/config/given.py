"""The configurations that a study is given to begin with: `include_base` and `enqueue` of a study file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rliable.config.search_space import SearchSpace
from rliable.schema import Problem, describe, join, nearest

if TYPE_CHECKING:
    from rliable.config.study_file import StudyConfig


def given_problems(config: StudyConfig, hp_params: Mapping[str, Any], space: SearchSpace) -> list[Problem]:
    """Why the first trials cannot be what they are to be.

    Args:
      config: the study file.
      hp_params: the model file's, with defaults filled in.
      space: the search space.
    """
    problems = list(base_problems(hp_params, space)) if config.include_base else []
    for index, configuration in enumerate(config.enqueue or ()):
        problems += value_problems(configuration, space, f"enqueue[{index}]")
    return problems


def base_problems(hp_params: Mapping[str, Any], space: SearchSpace) -> Iterator[Problem]:
    """Which of the model file's own values are none of the search space."""
    cure = "widen the range, or leave include_base out"
    for name, parameter in space.varied.items():
        if name not in hp_params:
            if name not in space.conditions:
                yield Problem("include_base", f"the model file has no {name}; give it one, or leave include_base out")
        elif not parameter.holds(hp_params[name]):
            words = f"the model file's {describe(hp_params[name])} is not among {parameter.describe()}; {cure}"
            yield Problem(join("grid", name), words)


def value_problems(configuration: Mapping[str, Any], space: SearchSpace, path: str) -> Iterator[Problem]:
    """Which names and values of a configuration are none of the search space."""
    for name, value in configuration.items():
        place = join(path, name)
        if name in space.varied:
            if not space.varied[name].holds(value):
                yield Problem(place, f"{describe(value)} is not among {space.varied[name].describe()}")
        elif name in space.fixed:
            if value != space.fixed[name]:
                yield Problem(place, f"{describe(value)} is not what grid.{name} fixes: {describe(space.fixed[name])}")
        else:
            yield Problem(place, f"unknown parameter of the grid{nearest(name, [*space.varied, *space.fixed])}")
