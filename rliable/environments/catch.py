"""Catch inside the graph: move a paddle under a falling ball.

V. Mnih et al., "Recurrent models of visual attention", NIPS 27 (2014), https://arxiv.org/abs/1406.6247; as in bsuite
(I. Osband et al., "Behaviour suite for reinforcement learning", ICLR 2020, https://arxiv.org/abs/1908.03568).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from rliable.environments.base import Environment, gyms_generators
from rliable.environments.random_numbers import integers
from rliable.environments.runtime import tf
from rliable.schema import setting


@dataclasses.dataclass(frozen=True)
class Catch(Environment):
    """Move a paddle under a falling ball.

    It is moved left (0), not at all (1) or right (2), and earns 1 at the end if it catches the ball, -1 if not. The
    state is the ball's row and column and the paddle's column, int32. The ball starts in any column of the top row and
    falls by a row a step; the paddle starts in the middle of the bottom row. The observation is the board row by row,
    with 1 where ball and paddle are.
    """

    name = "Catch"
    num_actions = 3

    rows: int = setting(10, "Height of the board.", unit="cells", low=2, high=100)
    columns: int = setting(5, "Width of the board.", unit="cells", low=1, high=100)

    @property
    def observation_size(self) -> int:  # type: ignore[override]
        """One number per cell."""
        return self.rows * self.columns

    @property
    def max_episode_steps(self) -> int:  # type: ignore[override]
        """The ball's way down: every episode terminates there."""
        return self.rows - 1

    @property
    def threshold(self) -> float:  # type: ignore[override]
        """The optimum: 1 unless the board is so wide that not every ball can be reached."""
        distances = np.abs(np.arange(self.columns) - self.columns // 2)
        return float(np.where(distances < self.rows, 1.0, -1.0).mean())

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        columns = [generator.integers(self.columns) for generator in gyms_generators(seeds)]
        states = [[0, column, self.columns // 2] for column in columns]
        return np.array(states, np.int32).reshape(-1, 3)

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        column = integers(seed, [num_episodes], self.columns)
        return tf.stack([tf.zeros_like(column), column, tf.fill([num_episodes], self.columns // 2)], axis=1)

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        row, column, paddle = tf.unstack(state, axis=1)  # [B] each
        ball = tf.one_hot(row * self.columns + column, self.observation_size)  # [B, O]
        return tf.maximum(ball, tf.one_hot((self.rows - 1) * self.columns + paddle, self.observation_size))

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        row, column, paddle = tf.unstack(state, axis=1)  # [B] each
        row, paddle = row + 1, tf.clip_by_value(paddle + action - 1, 0, self.columns - 1)
        terminated = row >= self.rows - 1
        at_the_end = tf.where(paddle == column, 1.0, -1.0)
        reward = tf.where(terminated, at_the_end, tf.zeros_like(at_the_end))
        return tf.stack([row, column, paddle], axis=1), reward, terminated
