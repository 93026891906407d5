"""The memory of off-policy agents in environments on the host: a ring of transitions in one NumPy array.

Shapes: C rows, E environments, K updates, B batch, W numbers of a row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.environments.base import Spaces
from rliable.environments.runtime import tf
from rliable.training.agent import Batch, Experience


class Columns:
    """Where the fields of a transition lie in a row: observation, action, reward, discount, next observation.

    Images lie elsewhere (`rliable.training.host.images`): of them a row has no columns.

    Args:
      environment: what agents see and do.
    """

    def __init__(self, environment: Spaces) -> None:
        self.num_actions = environment.num_actions
        size = 0 if environment.image_shape else environment.observation_size
        numbers = 1 if environment.num_actions else len(environment.action_low)
        self.observation, self.action = slice(0, size), slice(size, size + numbers)
        self.reward, self.discount = size + numbers, size + numbers + 1
        self.next_observation = slice(size + numbers + 2, 2 * size + numbers + 2)
        self.width = self.next_observation.stop

    def rows(self, new: Experience) -> np.ndarray:
        """A step in each environment as rows. [E, W]"""
        rows = np.empty([len(new.reward), self.width], np.float32)
        rows[:, self.action] = new.action[:, None] if self.num_actions else new.action
        rows[:, self.reward] = new.reward
        rows[:, self.discount] = ~new.terminated
        if self.observation.stop:
            rows[:, self.observation], rows[:, self.next_observation] = new.observation, new.next_observation
        return rows

    def batch(self, rows: tf.Tensor, weight: tf.Tensor, images: list[tf.Tensor]) -> Batch:
        """What agents learn from.

        Args:
          rows: [B, W]
          weight: of each. [B]
          images: where there are some, the observations and the next observations. uint8 [B, …]
        """
        action = rows[:, self.action]
        observation, next_observation = images or (rows[:, self.observation], rows[:, self.next_observation])
        return Batch(
            observation,
            tf.cast(action[:, 0], tf.int32) if self.num_actions else action,
            rows[:, self.reward],
            rows[:, self.discount],
            next_observation,
            weight,
        )


class HostRing:
    """The latest transitions of one run; transition number i is in row i modulo C.

    Attributes:
      rows: in `discount` 0 where the episode terminated, else 1. float32 [C, W]
      is_boundary: whether the episode ended there. bool [C]
      num_written: how many were ever written.
    """

    def __init__(self, columns: Columns, length: int) -> None:
        self.columns = columns
        self.rows = np.zeros([length, columns.width], np.float32)
        self.is_boundary = np.zeros(length, np.bool_)
        self.num_written = 0

    def append(self, new: Experience) -> None:
        """Writes E transitions over the oldest ones."""
        start, number = self.num_written % len(self.rows), len(new.reward)
        is_whole = start + number <= len(self.rows)  # as nearly always; a slice is written faster
        places = slice(start, start + number) if is_whole else (start + np.arange(number)) % len(self.rows)
        self.rows[places], self.is_boundary[places] = self.columns.rows(new), new.is_boundary
        self.num_written += len(new.reward)

    def sample(self, words: np.ndarray, num_environments: int, num_steps: int, gamma: Any) -> list[np.ndarray]:
        """Draws transitions as `rliable.training.replay.sample` does.

        Args:
          words: random numbers in [0, 2**32), which choose them. int64 [K, B]
          num_environments: E.
          num_steps: the most rewards that are summed up.
          gamma: the discount factor. float32

        Returns:
          Rows, in which `discount` is what the value of the next observation is worth, float32 [K, B, W]; then images,
          as `Columns.batch` takes them. [K, B, …]
        """
        size = min(self.num_written, len(self.rows))
        first = self.num_written - size + (words * size >> 32)  # [K, B]
        rows = self.rows.take(first % len(self.rows), 0)
        if num_steps == 1:
            rows[..., self.columns.discount] *= gamma
            return [rows, *self.images(first, first)]
        return [rows, *self.images(first, self._lengthen(rows, first, num_environments, num_steps, gamma))]

    def images(self, first: np.ndarray, last: np.ndarray) -> list[np.ndarray]:
        """What was seen before some transitions, and after others, by number; nothing where rows hold it."""
        return []

    def _lengthen(
        self, rows: np.ndarray, first: np.ndarray, num_environments: int, num_steps: int, gamma: Any
    ) -> np.ndarray:
        """Makes rows those of n-step returns, as `rliable.training.replay.n_step_batch` does.

        Returns:
          The number of the last transition of each. [K, B]
        """
        length, reward_column = len(self.rows), self.columns.reward
        last, goes_on = first.copy(), np.ones(first.shape, np.bool_)
        reward, discount = rows[..., reward_column].copy(), np.full(first.shape, gamma, np.float32)
        for _ in range(num_steps - 1):
            goes_on &= ~self.is_boundary[last % length] & (last + num_environments < self.num_written)
            last = np.where(goes_on, last + num_environments, last)
            reward += np.where(goes_on, discount * self.rows[last % length, reward_column], np.float32(0))
            discount = np.where(goes_on, discount * gamma, discount)
        ends = self.rows.take(last % length, 0)
        rows[..., reward_column] = reward
        rows[..., self.columns.discount] = discount * ends[..., self.columns.discount]
        rows[..., self.columns.next_observation] = ends[..., self.columns.next_observation]
        return last

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps."""
        size = min(self.num_written, len(self.rows))
        return {
            "rows": self.rows[:size],
            "is_boundary": self.is_boundary[:size],
            "num_written": np.array(self.num_written),
        }

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes back what a checkpoint kept."""
        size = len(arrays["rows"])
        self.rows[:size], self.is_boundary[:size] = arrays["rows"], arrays["is_boundary"]
        self.num_written = int(arrays["num_written"])
