"""The wrappers of the Atari literature as one.

V. Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015),
https://doi.org/10.1038/nature14236; with the details of OpenAI's baselines.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import gymnasium

from rliable.environments.wrappers.base import Wrapping
from rliable.environments.wrappers.episodes import EpisodicLife, FireOnReset, NoopStart, meanings_of
from rliable.environments.wrappers.observations import FrameStack, Grey, MaxAndSkip, Resize
from rliable.environments.wrappers.rewards import ClipRewards
from rliable.schema import ConfigError, Problem


@dataclasses.dataclass(frozen=True)
class Atari(Wrapping):
    """Starts with no-ops, then max_and_skip, episodic_life, fire_on_reset, grey, resize, clip_rewards, frame_stack."""

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        for layer in self.layers(environment):
            environment = layer.wrap(environment)
        return environment

    def layers(self, environment: gymnasium.Env[Any, Any]) -> Sequence[Wrapping]:
        skipped = getattr(environment.unwrapped, "_frameskip", 1)
        if skipped != 1:
            cure = 'give it "environment_kwargs": {"frameskip": 1}'
            raise ConfigError(
                [Problem("wrappers", f"atari skips frames, and so does the environment ({skipped}); {cure}")]
            )
        fire = [FireOnReset()] if "FIRE" in meanings_of(environment) else []
        begin: list[Wrapping] = [NoopStart(), MaxAndSkip(), EpisodicLife(), *fire]
        return [*begin, Grey(), Resize(), ClipRewards(), FrameStack()]
