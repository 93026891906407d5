"""Wrappers of what a training learns from; evaluations report the true returns."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import gymnasium

from rliable.environments.wrappers.actions import ordered
from rliable.environments.wrappers.base import Wrapping
from rliable.schema import Problem, setting


@dataclasses.dataclass(frozen=True)
class ScaleRewards(Wrapping):
    """Multiplies rewards. Only in training."""

    is_for_training: ClassVar[bool] = True
    factor: float = setting(dataclasses.MISSING, "What rewards are multiplied by.", above=0)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        return gymnasium.wrappers.TransformReward(environment, lambda reward: float(reward) * self.factor)


@dataclasses.dataclass(frozen=True)
class ClipRewards(Wrapping):
    """Cuts rewards off. Only in training."""

    is_for_training: ClassVar[bool] = True
    low: float = setting(-1.0, "The smallest reward.")
    high: float = setting(1.0, "The largest reward.")

    def problems(self) -> list[Problem]:
        """A range that is none."""
        return ordered(self.low, self.high)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        return gymnasium.wrappers.ClipReward(environment, self.low, self.high)
