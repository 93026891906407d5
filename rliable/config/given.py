"""The configurations that a study is given to begin with: `include_base` and `enqueue` of a study file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rliable.config.conditions import describe_condition
from rliable.config.search_space import SearchSpace
from rliable.schema import Problem, describe, join, nearest

if TYPE_CHECKING:
    from rliable.config.study_file import StudyConfig

#: Stands for a value that the model file does not have.
MISSING = object()


def base_of(hp_params: Mapping[str, Any], space: SearchSpace) -> dict[str, Any]:
    """The model file's own values of what varies, without what its configuration does not have."""
    return space.active({name: hp_params.get(name, MISSING) for name in space.varied})


def given_problems(config: StudyConfig, hp_params: Mapping[str, Any], space: SearchSpace) -> list[Problem]:
    """Why the first trials cannot be what they are to be.

    Args:
      config: the study file.
      hp_params: the model file's, with defaults filled in.
      space: the search space.
    """
    problems = list(base_problems(hp_params, space)) if config.include_base else []
    enqueued = config.enqueue or []
    for index, configuration in enumerate(enqueued):
        problems += value_problems(configuration, space, f"enqueue[{index}]")
    num_given = len(enqueued) + config.include_base
    if num_given > config.max_iters:
        problems.append(Problem("max_iters", f"{config.max_iters} is below the {num_given} trials that are given"))
    return problems


def base_problems(hp_params: Mapping[str, Any], space: SearchSpace) -> Iterator[Problem]:
    """Which of the model file's own values are none of the search space."""
    cure = "or leave include_base out"
    for name, value in base_of(hp_params, space).items():
        if value is MISSING:
            yield Problem("include_base", f"the model file has no {name}; give it one, {cure}")
        elif not space.varied[name].holds(value):
            words = f"the model file's {describe(value)} is not among {space.varied[name].describe()}"
            yield Problem(join("grid", name), f"{words}; widen the range, {cure}")
    for name, value in space.fixed.items():
        if name in hp_params and hp_params[name] != value:
            words = f"fixes {describe(value)} where the model file has {describe(hp_params[name])}; change one of them"
            yield Problem(join("grid", name), f"{words}, {cure}")


def value_problems(configuration: Mapping[str, Any], space: SearchSpace, path: str) -> Iterator[Problem]:
    """Which names and values of a configuration are none of the search space."""
    known = {**space.fixed, **configuration}
    for name, value in configuration.items():
        place, condition = join(path, name), space.conditions.get(name, {})
        if name in space.varied:
            if not space.varied[name].holds(value):
                yield Problem(place, f"{describe(value)} is not among {space.varied[name].describe()}")
            elif any(parent in known and known[parent] not in allowed for parent, allowed in condition.items()):
                yield Problem(place, f"is there only {describe_condition(condition)}")
        elif name in space.fixed:
            if value != space.fixed[name]:
                yield Problem(place, f"{describe(value)} is not what grid.{name} fixes: {describe(space.fixed[name])}")
        else:
            yield Problem(place, f"unknown parameter of the grid{nearest(name, [*space.varied, *space.fixed])}")
