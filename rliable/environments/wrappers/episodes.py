"""Wrappers of where episodes begin and end."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import gymnasium
import numpy as np

from rliable.environments.wrappers.base import Wrapping, unfit
from rliable.schema import setting
from rliable.seeding import derive_seed

#: Whether an episode goes on from where the one before ended, in what `reset` says beside the observation.
CONTINUES = "continues"
Opening = tuple[Any, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class TimeLimit(Wrapping):
    """Cuts an episode after so many steps; what it learns from goes on behind the cut."""

    steps: int = setting(dataclasses.MISSING, "Steps of an episode.", unit="environment steps", low=1, high=10**7)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        return gymnasium.wrappers.TimeLimit(environment, self.steps)


@dataclasses.dataclass(frozen=True)
class NoopStart(Wrapping):
    """Begins an episode with 1 to so many steps of doing nothing, action 0; how many is drawn."""

    most: int = setting(30, "The largest number of such steps.", unit="environment steps", low=1, high=10**4)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        require_action(environment, "noop_start", 0, "NOOP")
        return NoopStarted(environment, self.most)


@dataclasses.dataclass(frozen=True)
class FireOnReset(Wrapping):
    """Begins an episode with the actions 1, FIRE, and 2, for games that wait for it."""

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        require_action(environment, "fire_on_reset", 1, "FIRE", num_actions=3)
        return FiredOnReset(environment)


@dataclasses.dataclass(frozen=True)
class EpisodicLife(Wrapping):
    """Ends an episode with a life; the next goes on from there, until the game is over. Only in training."""

    is_for_training: ClassVar[bool] = True

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        return OneLife(environment)


class NoopStarted(gymnasium.Wrapper[Any, Any, Any, Any]):
    """See `NoopStart`."""

    def __init__(self, environment: gymnasium.Env[Any, Any], most: int) -> None:
        super().__init__(environment)
        self._most = most
        self._generator = np.random.default_rng()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Opening:
        if seed is not None:
            self._generator = np.random.default_rng(derive_seed(seed, "no-op start"))
        observation, info = self.env.reset(seed=seed, options=options)
        for _ in range(self._generator.integers(1, self._most + 1)):
            observation, _, terminated, truncated, told = self.env.step(0)
            info = {**info, **told}
            if terminated or truncated:
                observation, info = self.env.reset(seed=seed, options=options)
        return observation, info


class FiredOnReset(gymnasium.Wrapper[Any, Any, Any, Any]):
    """See `FireOnReset`."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Opening:
        observation, info = self.env.reset(seed=seed, options=options)
        for action in (1, 2):
            observation, _, terminated, truncated, told = self.env.step(action)
            info = {**info, **told}
            if terminated or truncated:
                before = info.get(CONTINUES, False)
                observation, info = self.env.reset(seed=seed, options=options)
                info = {**info, CONTINUES: before and info.get(CONTINUES, False)}
        return observation, info


class OneLife(gymnasium.Wrapper[Any, Any, Any, Any]):
    """See `EpisodicLife`."""

    def __init__(self, environment: gymnasium.Env[Any, Any]) -> None:
        super().__init__(environment)
        self._lives, self._is_over = 0, True

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Opening:
        """Begins a game; a game that is not over goes on with a step of doing nothing, and info["continues"] says so.

        The seed is used where a game begins.
        """
        continues = not self._is_over
        if continues:
            observation, _, terminated, truncated, info = self.env.step(0)
            continues = not (terminated or truncated)
        if not continues:
            observation, info = self.env.reset(seed=seed, options=options)
        if "lives" not in info:
            raise unfit("episodic_life", 'an environment that tells info["lives"]', self.env)
        self._lives, self._is_over = info["lives"], False
        return observation, {**info, CONTINUES: continues}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._is_over = terminated or truncated
        is_lost = 0 < info["lives"] < self._lives  # games may show 0 lives for some frames before they are over
        self._lives = info["lives"]
        return observation, reward, terminated or is_lost, truncated, info


def require_action(
    environment: gymnasium.Env[Any, Any], name: str, number: int, meaning: str, num_actions: int = 1
) -> None:
    """Raises a ConfigError unless an action is there, and means what it should where the environment tells that.

    Args:
      environment: what the wrapper is to lie around.
      name: the wrapper's.
      number, meaning: the action's.
      num_actions: how many there have to be.
    """
    actions, told = environment.action_space, meanings_of(environment)
    is_there = isinstance(actions, gymnasium.spaces.Discrete) and getattr(actions, "n", 0) >= num_actions
    if not is_there or (told and told[number] != meaning):
        raise unfit(name, f"the action {meaning} as number {number}", environment)


def meanings_of(environment: gymnasium.Env[Any, Any]) -> list[str]:
    """What the actions of an environment mean, as those of the Arcade Learning Environment tell."""
    told = getattr(environment.unwrapped, "get_action_meanings", list)
    return list(told())
