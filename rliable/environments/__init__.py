"""What models are trained on: environments by name, rows of data by file.

The registry maps a name to "module:Class"; the arguments of the class are its constants, and all have defaults.
Importing this module imports no environment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rliable.config.constants import make_environment
from rliable.config.environment import MADE_FOR_IT, kind_of_environment
from rliable.config.rows import load_rdd, load_rows
from rliable.environments.runtime import prepare_import

ENVIRONMENTS: dict[str, str] = {
    "CartPole-v0": "rliable.environments.cartpole:CartPoleV0",
    "CartPole-v1": "rliable.environments.cartpole:CartPole",
    "MountainCar-v0": "rliable.environments.mountain_car:MountainCar",
    "MountainCarContinuous-v0": "rliable.environments.mountain_car:MountainCarContinuous",
    "Acrobot-v1": "rliable.environments.acrobot:Acrobot",
    "Pendulum-v1": "rliable.environments.pendulum:Pendulum",
    "BasicEnv": "rliable.environments.basic:BasicEnv",
    "Catch": "rliable.environments.catch:Catch",
    "DeepSea-10": "rliable.environments.deep_sea:DeepSea",
}


def short_name(name: str) -> str:
    """A name for people: a file below the working folder is shown relative to it."""
    path = Path(name)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else name


def load_data(
    name: str,
    sc: Any = None,
    learns_from: Sequence[str] = MADE_FOR_IT,
    constants: Mapping[str, Any] = MappingProxyType({}),
    wrappers: Sequence[Any] = (),
) -> Any:
    """Makes a new instance of what `name` stands for.

    Args:
      name: as resolved by `resolve_environment`.
      sc: a SparkContext, to get rows as an RDD.
      learns_from: the model's.
      constants: the `environment_kwargs` of an environment.
      wrappers: what lies around it.

    Returns:
      An environment; rows (a list of dicts); an RDD of such rows; or the name itself, for a model that knows it.
    """
    kind = kind_of_environment(name, learns_from)
    if kind == "rows":
        return load_rdd(name, sc) if sc is not None else load_rows(name)
    if kind == "name":
        return name
    prepare_import()
    return make_environment(name, constants, wrappers)
