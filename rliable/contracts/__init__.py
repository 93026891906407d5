"""What an environment or a model of the user's own has to fulfil, as checks that name each fault and its cure.

For a test of one's own:

    from rliable.contracts import environment_problems, model_problems

    def test_maze():
        assert environment_problems("maze.py:Maze") == []
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rliable.config.constants import constants_problems
from rliable.config.environment import resolve_environment
from rliable.config.model_file import check_model
from rliable.contracts.in_graph import graph_problems
from rliable.contracts.on_host import host_problems
from rliable.contracts.trained_model import run_problems
from rliable.environments import load_data
from rliable.environments.base import Environment
from rliable.environments.factory import as_factory
from rliable.executors.worker import error_line
from rliable.schema import ConfigError, Problem

#: Steps within which an episode of a random agent has to end.
EPISODE_STEPS = 10_000


def environment_problems(
    environment: Any,
    constants: Mapping[str, Any] = MappingProxyType({}),
    max_steps: int = EPISODE_STEPS,
) -> list[Problem]:
    """The faults of an environment.

    Args:
      environment: its name, as in a model file; its class, or a function that makes one; or what `load_data` made.
      constants: `environment_kwargs`, for a name or a class.
      max_steps: within which an episode of a random agent has to end.

    Returns:
      A line each; its `path` is the name of the fault. Empty when it keeps the contract.
    """
    try:
        made = made_from(environment, constants)
    except ConfigError as error:
        return error.found
    except (Exception, SystemExit) as error:
        return [Problem("making", f"raised {error_line(error)}")]
    return graph_problems(made) if isinstance(made, Environment) else host_problems(made, max_steps)


def made_from(environment: Any, constants: Mapping[str, Any]) -> Any:
    """What is checked, made where only its name or class is given.

    Raises:
      ConfigError: there is no such thing, it has other constants, or no agent can see or act there.
    """
    if isinstance(environment, str):
        name = resolve_environment(environment, ("environment",))
        problems = constants_problems(name, "environment", constants)
        if problems:
            raise ConfigError(problems)
        return load_data(name, constants=constants)
    if isinstance(environment, type) or not hasattr(environment, "observation_size"):
        return as_factory(getattr(environment, "__name__", str(environment)), environment)(**constants)
    return environment


def model_problems(model: Mapping[str, Any], beside: str = "") -> list[Problem]:
    """The faults of a model: it is trained twice, saved, and loaded again.

    Args:
      model: what a model file holds; its hyperparameters should make a short training.
      beside: the file in which it stands, where it names others.
    """
    config, _, problems = check_model({"mdl_file": "check", "hp_params": {}, **model}, beside)
    return problems if config is None else run_problems(config)
