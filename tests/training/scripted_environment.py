"""An environment in which nothing happens by chance, for tests of what is learned from where episodes end."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.runtime import tf


@dataclasses.dataclass(frozen=True)
class Corridor(Environment):
    """A walk of one place per step, whatever one does: step number i of an episode earns i + 1.

    The observation is the place, over ten. The episode terminates at place `length`, and is cut at `max_episode_steps`.
    """

    name = "Corridor"
    observation_size = 1

    max_episode_steps: int = 3
    length: int = 1000
    num_actions: int = 2
    action_low: tuple[float, ...] = ()
    action_high: tuple[float, ...] = ()

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        return np.zeros([len(seeds), 1], np.float32)

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        return tf.zeros([num_episodes, 1])

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        return state / 10

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        place = state + 1
        return place, place[:, 0], place[:, 0] >= self.length


def continuous_corridor(num_numbers: int = 1, **limits: int) -> Corridor:
    """A corridor whose actions are numbers between -2 and 2."""
    bounds = (-2.0,) * num_numbers, (2.0,) * num_numbers
    return Corridor(num_actions=0, action_low=bounds[0], action_high=bounds[1], **limits)
