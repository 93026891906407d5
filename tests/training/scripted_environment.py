"""Environments whose values are known, for tests of what is learned from where episodes end."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.random_numbers import uniform
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


@dataclasses.dataclass(frozen=True)
class OneStepEpisodes(Environment):
    """Each step earns 1, whatever the action, and ends the episode.

    The state, which is the observation too, says how: of kind 1 they terminate, so the value is 1; of kind 0 they are
    cut by the time limit, where the value goes on: 1 / (1 - gamma). It is the same before and after the step.
    """

    name: str = "OneStepEpisodes"
    max_episode_steps: int = 1
    observation_size: int = 1
    num_actions: int = 0
    action_low: tuple[float, ...] = (-1.0, -2.0)
    action_high: tuple[float, ...] = (1.0, 2.0)

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        return np.array([[seed % 2] for seed in seeds], np.float32).reshape(-1, 1)

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        return tf.cast(uniform(seed, [num_episodes, 1]) < 0.5, tf.float32)

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        return state

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return state, tf.ones_like(state[:, 0]), state[:, 0] == 1.0
