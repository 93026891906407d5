"""What agents remember of environments on the host: NumPy arrays, of which compiled calls get what they learn from.

Shapes: C rows, E environments, T steps, K updates, B batch, W numbers of a row.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from rliable.environments.base import Spaces
from rliable.environments.runtime import tf
from rliable.training.agent import Agent, Batch, Clock, Experience, OffPolicyAgent, OnPolicyAgent
from rliable.training.replay import Replay
from rliable.training.rollout import Rollout
from rliable.training.shapes import power_of_two

#: Most updates that one compiled call makes.
MAX_UPDATES = 64


class Columns:
    """Where the fields of a transition lie in a row: observation, action, reward, discount, next observation.

    Args:
      environment: what agents see and do.
    """

    def __init__(self, environment: Spaces) -> None:
        self.num_actions = environment.num_actions
        size, numbers = environment.observation_size, 1 if environment.num_actions else len(environment.action_low)
        self.observation, self.action = slice(0, size), slice(size, size + numbers)
        self.reward, self.discount = size + numbers, size + numbers + 1
        self.next_observation = slice(size + numbers + 2, 2 * size + numbers + 2)
        self.width = self.next_observation.stop

    def batch(self, rows: tf.Tensor, weight: tf.Tensor) -> Batch:
        """Rows [B, W] as what agents learn from."""
        action = rows[:, self.action]
        return Batch(
            rows[:, self.observation],
            tf.cast(action[:, 0], tf.int32) if self.num_actions else action,
            rows[:, self.reward],
            rows[:, self.discount],
            rows[:, self.next_observation],
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
        columns, number = self.columns, len(new.reward)
        places = (self.num_written + np.arange(number)) % len(self.rows)
        rows = np.empty([number, columns.width], np.float32)
        rows[:, columns.observation] = new.observation
        rows[:, columns.action] = new.action[:, None] if columns.num_actions else new.action
        rows[:, columns.reward] = new.reward
        rows[:, columns.discount] = ~new.terminated
        rows[:, columns.next_observation] = new.next_observation
        self.rows[places], self.is_boundary[places] = rows, new.is_boundary
        self.num_written += number

    def sample(
        self, generator: np.random.Generator, shape: tuple[int, int], num_environments: int, num_steps: int, gamma: Any
    ) -> np.ndarray:
        """Draws transitions as `rliable.training.replay.sample` does.

        Args:
          generator: for this draw.
          shape: (K, B).
          num_environments: E.
          num_steps: the most rewards that are summed up.
          gamma: the discount factor. float32

        Returns:
          Rows, in which `discount` is what the value of the next observation is worth. float32 [K, B, W]
        """
        size = min(self.num_written, len(self.rows))
        first = self.num_written - size + generator.integers(size, size=shape)  # [K, B]
        rows = self.rows.take(first % len(self.rows), 0)
        if num_steps > 1:
            self._lengthen(rows, first, num_environments, num_steps, gamma)
        else:
            rows[..., self.columns.discount] *= gamma
        return rows

    def _lengthen(self, rows: np.ndarray, first: np.ndarray, num_environments: int, num_steps: int, gamma: Any) -> None:
        """Makes rows those of n-step returns, as `rliable.training.replay.n_step_batch` does."""
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


class HostReplay(Replay):
    """How an off-policy agent remembers on the host; a compiled call gets the batches of K updates."""

    def __init__(self, agent: OffPolicyAgent) -> None:
        super().__init__(agent)
        self.columns = Columns(agent.environment)

    def new(self, values: Any) -> HostRing:
        """An empty memory."""
        return HostRing(self.columns, values.replay_buffer_max_length)

    def chunks(self, train_steps: int) -> list[int]:
        """The updates of an iteration, as compiled calls make them."""
        whole, rest = divmod(train_steps, MAX_UPDATES)
        return [MAX_UPDATES] * whole + [rest] * (rest > 0)

    def lesson(self, ring: HostRing, count: int, updates: int, numbers: dict[str, Any], seed: int) -> np.ndarray:
        """What the compiled call learns from that makes updates `count` to `count + updates - 1`."""
        generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, count]))
        size, steps, shape = int(numbers["batch_size"]), int(numbers["n_step"]), self.agent.shape
        drawn = ring.sample(generator, (updates, size), shape.num_environments, steps, numbers["gamma"])
        rows = np.zeros([power_of_two(updates), shape.batch_size, self.columns.width], np.float32)
        rows[:updates, :size] = drawn
        return rows

    def batch(self, lesson: Any, count: tf.Tensor, clock: Clock, numbers: Any, seeds: SimpleNamespace) -> Batch:
        is_in_batch = tf.range(self.agent.shape.batch_size) < numbers.batch_size
        weight = tf.where(is_in_batch, 1.0 / tf.cast(numbers.batch_size, tf.float32), 0.0)  # [B]
        return self.columns.batch(tf.gather(lesson, count - clock.num_updates), weight)


class HostSteps:
    """The rollout of one run.

    Attributes:
      arrays: [T, E, …]
    """

    def __init__(self, arrays: Experience) -> None:
        self.arrays: Experience = tf.nest.map_structure(np.copy, arrays)
        self._row = 0

    def append(self, new: Experience) -> None:
        """Writes a step; after the last of a rollout comes the first of the next."""
        for old, part in zip(tf.nest.flatten(self.arrays), tf.nest.flatten(new), strict=True):
            old[self._row] = part
        self._row = (self._row + 1) % len(self.arrays.reward)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps: nothing, as it falls between two rollouts."""
        return {}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes back what a checkpoint kept."""


class HostRollout(Rollout):
    """How an on-policy agent remembers on the host; a compiled call gets the whole rollout."""

    def new(self, values: Any) -> HostSteps:
        """An empty memory."""
        return HostSteps(self.empty(values))

    def chunks(self, train_steps: int) -> list[int]:
        """One call learns all there is; none where nothing is to be learned."""
        return [train_steps] if train_steps else []

    def lesson(self, steps: HostSteps, count: int, updates: int, numbers: dict[str, Any], seed: int) -> Experience:
        """What the compiled call learns from."""
        return steps.arrays


def host_memory_of(agent: Agent) -> HostReplay | HostRollout:
    """How an agent remembers on the host."""
    if isinstance(agent, OffPolicyAgent):
        return HostReplay(agent)
    assert isinstance(agent, OnPolicyAgent)
    return HostRollout(agent)
