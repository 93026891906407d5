"""Wrappers of what the agent does."""

from __future__ import annotations

import dataclasses
from typing import Any

import gymnasium
import numpy as np

from rliable.environments.wrappers.base import Wrapping, unfit
from rliable.schema import Problem, setting
from rliable.seeding import derive_seed


@dataclasses.dataclass(frozen=True)
class ActionRepeat(Wrapping):
    """Does each action so many times, and adds up the rewards."""

    times: int = setting(dataclasses.MISSING, "How often each action is done.", low=1, high=1000)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        return gymnasium.wrappers.RepeatAction(environment, self.times)


@dataclasses.dataclass(frozen=True)
class StickyActions(Wrapping):
    """Does the last action once more instead of the new one, at random."""

    probability: float = setting(0.25, "How likely that is in a step.", low=0, high=0.99)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        return SeededStickyAction(environment, self.probability)


@dataclasses.dataclass(frozen=True)
class ClipActions(Wrapping):
    """Gives continuous actions bounds, and cuts off there; narrower ones that the environment has stay."""

    low: float = setting(-1.0, "The lower bound of each number.")
    high: float = setting(1.0, "The upper bound of each number.")

    def problems(self) -> list[Problem]:
        """A range that is none."""
        return ordered(self.low, self.high)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        space = continuous("clip_actions", environment)
        low, high = np.maximum(space.low, self.low), np.minimum(space.high, self.high)
        if not (low < high).all():
            raise unfit("clip_actions", f"actions between {self.low:g} and {self.high:g}", environment)
        bounds = gymnasium.spaces.Box(low, high, dtype=space.dtype.type)  # type: ignore[union-attr, arg-type]
        return gymnasium.wrappers.TransformAction(environment, lambda action: np.clip(action, low, high), bounds)


@dataclasses.dataclass(frozen=True)
class RescaleActions(Wrapping):
    """Lets the agent act in another range than the environment's bounds, and scales to these."""

    low: float = setting(-1.0, "The lower bound of each number for the agent.")
    high: float = setting(1.0, "The upper bound of each number for the agent.")

    def problems(self) -> list[Problem]:
        """A range that is none."""
        return ordered(self.low, self.high)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        if not continuous("rescale_actions", environment).is_bounded():
            raise unfit("rescale_actions", "finite bounds (clip_actions gives them)", environment)
        return gymnasium.wrappers.RescaleAction(environment, np.float32(self.low), np.float32(self.high))


class SeededStickyAction(gymnasium.wrappers.StickyAction[Any, Any]):
    """Draws from a generator of its own, which each seed begins anew; an environment need not seed its one."""

    _generator = np.random.default_rng()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        if seed is not None:
            self._generator = np.random.default_rng(derive_seed(seed, "sticky actions"))
        return super().reset(seed=seed, options=options)

    @property  # type: ignore[misc]
    def np_random(self) -> np.random.Generator:
        return self._generator


def ordered(low: float, high: float) -> list[Problem]:
    """What is wrong with a range."""
    return [] if low < high else [Problem("low", f"{low:g} is not below high {high:g}")]


def continuous(name: str, environment: gymnasium.Env[Any, Any]) -> gymnasium.spaces.Box:
    """The space of continuous actions; raises a ConfigError where actions are none."""
    if not isinstance(environment.action_space, gymnasium.spaces.Box):
        raise unfit(name, "continuous actions", environment)
    return environment.action_space
