"""An environment whose values are known: episodes of one step, half of which terminate while the others are cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from rliable.environments.base import Environment
from rliable.environments.random_numbers import uniform


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
