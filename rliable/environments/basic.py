"""BasicEnv inside the graph: the smallest environment there is, to see whether anything learns at all.

It is the example from which tutorials of RLlib teach how to register an environment of one's own
(https://github.com/NREL/HPC, languages/python/openai_rllib/custom_gym_env).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.runtime import tf

RIGHT_ACTION = 2


@dataclasses.dataclass(frozen=True)
class BasicEnv(Environment):
    """Find the right one of five actions; an episode is one step.

    The reward is 1 for it, and -1 for any other. The state is 0, and 1 once an action has been taken; the observation
    says which, one-hot.
    """

    name = "BasicEnv"
    max_episode_steps = 1
    observation_size = 2
    num_actions = 5
    threshold = 1.0

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        return np.zeros((len(seeds), 1), np.int32)

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        return tf.zeros([num_episodes, 1], tf.int32)

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(state[:, 0], self.observation_size)

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return tf.ones_like(state), tf.where(action == RIGHT_ACTION, 1.0, -1.0), tf.ones_like(action, tf.bool)
