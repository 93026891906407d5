"""Finds out before a study starts whether any of its configurations can be trained.

A model's table of hyperparameters may say with its `problems` what does not go together. A study in which some
configurations clash is run, and their trials fail with the line; one in which all do is refused, and so is one that
lists a value with which the model cannot learn in its environment.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from rliable.config.claims import files_in
from rliable.config.constants import make_environment
from rliable.config.parameters import Choice
from rliable.config.search_space import SearchSpace
from rliable.registry import MODELS
from rliable.schema import Problem, check_record, join
from rliable.unit import ModelConfig

#: So many configurations are tried: all of a small space.
NUM_CHECKED = 1000


def clash_problems(table: Any, hp_params: Mapping[str, Any], space: SearchSpace) -> list[Problem]:
    """Why no configuration of a study can be trained; empty if one that is tried can.

    Args:
      table: the model's hyperparameters, None for a model that does not say what they are.
      hp_params: those of the model file.
      space: the search space, each value of which is right by itself.

    Returns:
      The mistakes, whose paths begin with "grid" where the study sets what is wrong, else with "hp_params".
    """
    if table is None or not hasattr(table, "problems"):
        return []
    found: list[list[Problem]] = []
    for configuration in tried_configurations(space):
        problems = check_record(table, {**hp_params, **space.fixed, **configuration})[1]
        if not problems:
            return []
        found.append(problems)
    always = [problem for problem in found[0] if all(problem in problems for problems in found)]
    return [placed(problem, "", space) for problem in always] or [
        placed(problem, f"none of {len(found)} configurations fits: ", space) for problem in found[0][:1]
    ]


def tried_configurations(space: SearchSpace) -> Iterator[dict[str, Any]]:
    """All configurations of a small space, and some of a large one, always the same."""
    if space.size is not None and space.size <= NUM_CHECKED:
        yield from map(space.configuration_at, range(space.size))
        return
    draws = random.Random(0)
    for _ in range(NUM_CHECKED):
        yield space.active({name: parameter.from_unit(draws.random()) for name, parameter in space.varied.items()})


def placed(problem: Problem, beginning: str, space: SearchSpace) -> Problem:
    """A mistake with the path at which the user has written what is wrong."""
    name = problem.path.partition(".")[0].partition("[")[0]
    is_searched = name in space.varied or name in space.fixed
    return Problem(join("grid" if is_searched else "hp_params", problem.path), beginning + problem.words)


def misfit_problems(model: ModelConfig, space: SearchSpace) -> list[Problem]:
    """Values that a study lists and with which its model cannot learn in its environment, each by itself.

    Nor may they name files of the user's: only those of the model file are shipped to workers.
    """
    model_class = MODELS.load(model.class_name)
    if not hasattr(model_class, "misfits"):
        return []
    choices = {name: parameter.values for name, parameter in space.varied.items() if isinstance(parameter, Choice)}
    listed = [(name, value) for name, values in choices.items() for value in values] + list(space.fixed.items())
    environment = make_environment(model.environment, model.environment_kwargs, model.wrappers)
    found: list[Problem] = []
    for name, value in listed:
        path = join("grid", name)
        if files_in(model_class, {name: value}):
            found.append(Problem(path, f"{value!r} names a file, which only the model file may; or write module:Class"))
        else:
            misfits = model_class.misfits({**model.hp_params, **space.fixed, name: value}, environment)
            found += [Problem(path, problem.words) for problem in misfits if problem.path == join("hp_params", name)]
    return found
