"""Makes what JSON cannot hold for the constructors of algorithms: classes, schedules, noise."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from stable_baselines3.common.noise import ActionNoise, NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.utils import LinearSchedule

from models.baselines.constructors import constructors
from models.baselines.settings import SCHEDULE, BaselineHyperparameters, is_schedule
from rliable.registry import import_module

#: Where classes are looked for that are named without their module.
HOMES = (
    "torch.nn",
    "torch.optim",
    "stable_baselines3",
    "stable_baselines3.common.buffers",
    "stable_baselines3.common.torch_layers",
    "stable_baselines3.common.sb2_compat.rmsprop_tf_like",
)
#: How the keys of `policy_kwargs` end whose values are classes.
CLASS_ENDINGS = ("_fn", "_class")
NOISES = {"normal": NormalActionNoise, "ornstein-uhlenbeck": OrnsteinUhlenbeckActionNoise}


def algorithm_class(name: str) -> Any:
    """The class of an algorithm."""
    return getattr(importlib.import_module(constructors()[name].package), name)


def constructor_arguments(values: BaselineHyperparameters, num_actions: int) -> dict[str, Any]:
    """The arguments of an algorithm's constructor, as Python has them.

    Args:
      values: the hyperparameters.
      num_actions: how many numbers a continuous action has.
    """
    options = constructors()[values.algorithm].arguments
    made = {name: as_argument_of(options[name], value) for name, value in values.arguments().items()}
    made["policy_kwargs"] = as_policy_arguments(values.policy_arguments())
    if values.noise_type is not None:
        made["action_noise"] = make_noise(values, num_actions)
    return made


def as_argument_of(options: tuple[str, ...], value: Any) -> Any:
    """The value of an argument whose type has some options."""
    if is_schedule(options, value):
        match = SCHEDULE.fullmatch(value)
        assert match is not None
        return LinearSchedule(float(match[1]), 0.0, 1.0)
    if isinstance(value, list):
        return tuple(value)
    is_class = isinstance(value, str) and any(option.startswith("type[") for option in options)
    return class_named(value) if is_class else value


def as_policy_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """`policy_kwargs` with classes in place of their names."""
    return {
        name: class_named(value) if isinstance(value, str) and name.endswith(CLASS_ENDINGS) else value
        for name, value in given.items()
    }


def class_named(name: str) -> Any:
    """A class of PyTorch's or Stable-Baselines3's by its name, in any case, "nn." before it or not; or "module:Class".

    Raises:
      ValueError: there is no such class.
    """
    module, colon, own = name.rpartition(":")
    if colon:
        return getattr(import_module(module), own)
    sought = name.rpartition(".")[2].replace("_", "").lower()
    for home in HOMES:
        for known, found in vars(importlib.import_module(home)).items():
            if isinstance(found, type) and known.lower() == sought:
                return found
    raise ValueError(f"neither PyTorch nor Stable-Baselines3 has a class {name!r}; or 'package.module:Class'")


def make_noise(values: BaselineHyperparameters, num_actions: int) -> ActionNoise:
    """The noise that is added to actions."""
    assert values.noise_type is not None
    return NOISES[values.noise_type](np.zeros(num_actions), np.full(num_actions, values.noise_std))
