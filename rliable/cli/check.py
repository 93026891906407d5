"""`check`: tells what is wrong with an environment or a model of the user's own, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rliable.cli.arguments import AT_LEAST_1, LineParser, add_set, number_problems, overrides_of
from rliable.config.constants import constants_problems
from rliable.config.environment import kind_of_environment, kinds_for, resolve_environment
from rliable.config.json_file import JsonError, apply_overrides, load_json, parse_json
from rliable.config.model_file import check_model
from rliable.contracts import EPISODE_STEPS, environment_problems, run_problems
from rliable.environments.runtime import prepare_import
from rliable.executors.worker import open_data
from rliable.model import CONTRACT
from rliable.registry import ENVIRONMENTS, MODELS
from rliable.schema import ConfigError, Problem
from rliable.unit import ModelConfig

DESCRIPTION = (
    "Run the contract that an environment or a model has to fulfil, and tell what is wrong and how to mend it. An "
    "environment is played by random actions; a model is trained twice, saved and loaded, so let it train briefly."
)


def run(arguments: Sequence[str]) -> int:
    """Runs the command.

    Returns:
      0, or 1 where something is wrong.

    Raises:
      ConfigError: there is nothing of that name, or a mistake in the arguments.
    """
    args = make_parser().parse_args(arguments)
    prepare_import()  # what is checked may import Gym
    constants, problems = constants_in(args.kwargs)
    problems += number_problems(args, max_steps=AT_LEAST_1)
    if problems:
        raise ConfigError(problems)
    if args.name.endswith(".json") or is_model(args.name):
        return check_trained(args.name, overrides_of(args.set), args.max_steps)
    name = resolve_environment(args.name, ("environment",))
    problems = constants_problems(name, "environment", constants)
    if problems:
        raise ConfigError(problems)
    return tell(name, environment_problems(name, constants, args.max_steps))


def make_parser() -> LineParser:
    """The command's arguments."""
    parser = LineParser(prog="rliable check", description=DESCRIPTION)
    parser.add_argument(
        "name", help="a model file; or an environment or model: name, package.module:Class, file.py:Class"
    )
    parser.add_argument("--kwargs", metavar="JSON", default="{}", help="environment_kwargs, for an environment")
    steps = "within how many steps an episode of random actions has to end (default: 10,000)"
    parser.add_argument("--max-steps", type=int, metavar="N", default=EPISODE_STEPS, help=steps)
    add_set(parser, "hp_params.train_iterations=100 (also for a model that has no file)")
    return parser


def constants_in(text: str) -> tuple[dict[str, Any], list[Problem]]:
    """The constants that are given as JSON, and mistakes."""
    try:
        constants = parse_json(text)
    except (json.JSONDecodeError, JsonError) as error:
        return {}, [Problem("--kwargs", f"not JSON: {error}")]
    if not isinstance(constants, dict):
        return {}, [Problem("--kwargs", f'expected an object, such as {{"length": 3}}, found {text}')]
    return constants, []


def is_model(name: str) -> bool:
    """Tells whether a name is that of a model: a registered one, or a class with a model's methods."""
    if ":" not in name:
        return name in MODELS
    try:
        MODELS.load(MODELS.find(name))
    except ConfigError as error:
        return any("lacks the method" in line for line in error.problems) and len(error.problems) < len(CONTRACT) - 1
    return True


def check_trained(name: str, overrides: dict[str, Any], max_steps: int) -> int:
    """Checks a model and the environment that is made for it.

    Args:
      name: of a model file, or of a model.
      overrides: keys of the file that are replaced.
      max_steps: within which an episode has to end.
    """
    is_file = name.endswith(".json")
    data = load_json(name) if is_file else {"class": name, "mdl_file": "check", "hp_params": {}}
    data = apply_overrides(data, overrides)
    if not is_file and "environment" not in data:
        data = {**data, "environment": fitting_environment(MODELS.load(MODELS.find(name)))}
    model, notes, problems = check_model(data, name)
    if model is None:
        raise ConfigError(problems)
    for note in notes:
        print(note)
    code = tell(model.environment, environment_problems(open_data(model), max_steps=max_steps)) if is_made(model) else 0
    return code or tell(model.class_name, run_problems(model))


def is_made(model: ModelConfig) -> bool:
    """Tells whether an environment is made for a model."""
    learns_from = kinds_for(MODELS.load(model.class_name))
    return kind_of_environment(model.environment, learns_from) == "environment"


def fitting_environment(model_class: Any) -> str:
    """The first of our environments in which a model can act.

    Raises:
      ConfigError: it learns from something else.
    """
    problem_with = getattr(model_class, "environment_problem", lambda environment: None)
    for name in sorted(ENVIRONMENTS.table) if "environment" in kinds_for(model_class) else ():
        if problem_with(ENVIRONMENTS.load(name)()) is None:
            return name
    raise ConfigError([Problem("--set", "environment=NAME is needed: what this model learns from")])


def tell(name: str, problems: Sequence[Problem]) -> int:
    """Prints the faults; the exit code."""
    print("\n".join(f"{name}: {problem}" for problem in problems) or f"{name}: keeps the contract")
    return 1 if problems else 0
