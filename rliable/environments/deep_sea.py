"""DeepSea inside the graph: only one of 2**N courses of action finds the treasure, and each step of it costs.

I. Osband, B. Van Roy, D. Russo, Z. Wen, "Deep exploration via randomized value functions", JMLR 20 (2019),
https://arxiv.org/abs/1703.07608; as in bsuite (I. Osband et al., "Behaviour suite for reinforcement learning", ICLR
2020, https://arxiv.org/abs/1908.03568), deterministic. Which of the two actions leads right is drawn for each cell, by
default with the seed of bsuite's experiment, so that no network can learn "always 1" and be done.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.runtime import tf
from rliable.schema import setting

TREASURE = 1.0  # for going right in the last row's last column


@dataclasses.dataclass(frozen=True)
class DeepSea(Environment):
    """Find the treasure at the end of the one right course among 2**N.

    A diver sinks by a row a step, to the left or to the right. Right costs a little; always right finds the treasure of
    1. The state is row and column, int32, from the upper left corner on; the observation is the cell, one-hot, and all
    zeros once the ground is reached.
    """

    name = "DeepSea-10"
    num_actions = 2

    size: int = setting(10, "Rows and columns of the sea, N.", unit="cells", low=2, high=100)
    unscaled_move_cost: float = setting(0.01, "What N steps to the right cost together.", low=0, high=1)
    mapping_seed: int | None = setting(
        42, "Draws for each cell which action leads right; null: action 1 in all.", low=0, high=2**32 - 1
    )

    @property
    def observation_size(self) -> int:  # type: ignore[override]
        """One number per cell."""
        return self.size**2

    @property
    def max_episode_steps(self) -> int:  # type: ignore[override]
        """The way down: every episode terminates there."""
        return self.size

    @property
    def threshold(self) -> float:  # type: ignore[override]
        """The optimum: the treasure less the way to it."""
        return TREASURE - self.unscaled_move_cost

    def right_actions(self) -> np.ndarray:
        """Which action leads right in each cell, row by row, drawn as bsuite does. int32 [N * N]"""
        if self.mapping_seed is None:
            return np.ones(self.size**2, np.int32)
        return np.random.RandomState(self.mapping_seed).binomial(1, 0.5, self.size**2).astype(np.int32)

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        return np.zeros((len(seeds), 2), np.int32)

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        return tf.zeros([num_episodes, 2], tf.int32)

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(state[:, 0] * self.size + state[:, 1], self.observation_size)

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        row, column = tf.unstack(state, axis=1)  # [B] each
        cell = tf.minimum(row, self.size - 1) * self.size + column  # a finished episode may be stepped, in any cell
        is_right = action == tf.gather(tf.constant(self.right_actions()), cell)
        found = tf.cast(is_right & (column == self.size - 1), tf.float32)
        reward = TREASURE * found - self.unscaled_move_cost / self.size * tf.cast(is_right, tf.float32)
        column = tf.clip_by_value(tf.where(is_right, column + 1, column - 1), 0, self.size - 1)
        return tf.stack([row + 1, column], axis=1), reward, row + 1 >= self.size
