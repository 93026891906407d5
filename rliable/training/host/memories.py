"""What agents remember of environments on the host: NumPy arrays, of which compiled calls get what they learn from.

Shapes: E environments, T steps, K updates, B batch.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import numpy as np

from rliable.environments.runtime import tf
from rliable.training.agent import Agent, Batch, Clock, Experience, OffPolicyAgent, OnPolicyAgent
from rliable.training.host.images import ImageRing
from rliable.training.host.ring import Columns, HostRing
from rliable.training.replay import Replay
from rliable.training.rollout import Rollout
from rliable.training.shapes import power_of_two

#: Most updates that one compiled call makes.
MAX_UPDATES = 64
#: Updates for which random numbers are drawn at once; to begin with drawing takes as long as drawing many.
UPDATES_AHEAD = 256


class HostReplay(Replay):
    """How an off-policy agent remembers on the host; a compiled call gets the batches of K updates."""

    def __init__(self, agent: OffPolicyAgent) -> None:
        super().__init__(agent)
        self.columns = Columns(agent.environment)

    def new(self, values: Any) -> HostRing:
        """An empty memory."""
        environment, length = self.agent.environment, values.replay_buffer_max_length
        if environment.image_shape is None:
            return HostRing(self.columns, length)
        return ImageRing(self.columns, length, environment, self.agent.shape.num_environments)

    def chunks(self, train_steps: int) -> list[int]:
        """The updates of an iteration, as compiled calls make them."""
        whole, rest = divmod(train_steps, MAX_UPDATES)
        return [MAX_UPDATES] * whole + [rest] * (rest > 0)

    def lesson(self, ring: HostRing, count: int, updates: int, numbers: dict[str, Any], seed: int) -> list[np.ndarray]:
        """What the compiled call learns from that makes updates `count` to `count + updates - 1`."""
        size, steps, shape = int(numbers["batch_size"]), int(numbers["n_step"]), self.agent.shape
        number, row = divmod(count, UPDATES_AHEAD)
        words = random_words(seed, number, size)[row : row + updates]
        drawn = ring.sample(words, shape.num_environments, steps, numbers["gamma"])
        return [with_empty_ends(array, power_of_two(updates), shape.batch_size) for array in drawn]

    def batch(self, lesson: Any, count: tf.Tensor, clock: Clock, numbers: Any, seeds: SimpleNamespace) -> Batch:
        is_in_batch = tf.range(self.agent.shape.batch_size) < numbers.batch_size
        weight = tf.where(is_in_batch, 1.0 / tf.cast(numbers.batch_size, tf.float32), 0.0)  # [B]
        rows, *images = (tf.gather(array, count - clock.num_updates) for array in lesson)
        return self.columns.batch(rows, weight, images)


@functools.lru_cache(maxsize=4)
def random_words(seed: int, number: int, batch_size: int) -> np.ndarray:
    """What chooses the transitions that updates learn from which begin in a block of that number.

    Returns:
      Whole numbers in [0, 2**32). int64 [UPDATES_AHEAD + MAX_UPDATES, B]
    """
    generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, number]))
    return generator.integers(1 << 32, size=(UPDATES_AHEAD + MAX_UPDATES, batch_size))


def with_empty_ends(array: np.ndarray, *lengths: int) -> np.ndarray:
    """An array with zeros behind the ends of its first axes."""
    if array.shape[: len(lengths)] == lengths:
        return array
    filled = np.zeros([*lengths, *array.shape[len(lengths) :]], array.dtype)
    filled[tuple(map(slice, array.shape))] = array
    return filled


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

    def block(self, rows: range) -> list[np.ndarray]:
        """The steps of some environments, as a list of arrays. [T, R, …]"""
        return [array[:, rows.start : rows.stop].copy() for array in tf.nest.flatten(self.arrays)]

    def fill(self, rows: range, block: list[np.ndarray]) -> None:
        """Writes the steps of some environments, as `block` gives them."""
        for array, part in zip(tf.nest.flatten(self.arrays), block, strict=True):
            array[:, rows.start : rows.stop] = part

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
