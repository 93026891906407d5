"""The memory of off-policy agents: a ring of transitions, carried through compiled loops as plain tensors.

Shapes: C rows, E environments, B batch, N steps of a return, O numbers of observation, A numbers of an action.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from rliable.environments.base import Spaces
from rliable.environments.random_numbers import integers
from rliable.environments.runtime import tf
from rliable.training.agent import Batch, Clock, Experience, OffPolicyAgent, Parts
from rliable.training.shapes import padded_capacity


class Transitions(NamedTuple):
    """The names are those of `Experience`, the leading dimension is C."""

    observation: Any
    action: Any
    reward: Any
    terminated: Any
    is_boundary: Any
    next_observation: Any


class Ring(NamedTuple):
    """The latest transitions.

    Transition number i is in row i modulo the length of the ring, which may be less than C: the rest is never used, and
    makes the programs of many lengths one. The transitions of E environments take turns, so i + E follows i.

    Attributes:
      rows: the transitions. [C, …]
      num_written: how many were ever written. int32 []
      length: how many are kept, at most C. int32 []
    """

    rows: Transitions
    num_written: Any
    length: Any


class Replay:
    """How an off-policy agent remembers its experience and learns from it."""

    def __init__(self, agent: OffPolicyAgent) -> None:
        self.agent = agent

    def empty(self, values: Any) -> Ring:
        """A memory without transitions, for a run with these hyperparameters. NumPy arrays."""
        environment, length = self.agent.environment, values.replay_buffer_max_length
        row_bytes = sum(array.nbytes for array in empty_ring(environment, 1, 1).rows)
        return empty_ring(environment, padded_capacity(length, row_bytes), length)

    def add(self, ring: Ring, experience: Experience, clock: Clock) -> Ring:
        """Remembers one step of each environment."""
        return append(ring, Transitions(*experience[:-1]))

    def clock_of_updates(self, clock: Clock, numbers: Any) -> Clock:
        """How far the run is, as schedules of updates see it."""
        return clock

    def batch(self, ring: Any, count: tf.Tensor, clock: Clock, numbers: Any, seeds: SimpleNamespace) -> Batch:
        """What update number `count` learns from."""
        return sample(ring, tf.stack([seeds.replay, count]), self.agent.shape, numbers)

    def learn(
        self, ring: Ring, parts: Parts, clock: Clock, num_updates: tf.Tensor, numbers: Any, seeds: SimpleNamespace
    ) -> tuple[Ring, Parts, tf.Tensor, dict[str, tf.Tensor]]:
        """Makes an iteration's updates.

        Args:
          ring: what to learn from.
          parts: the agent's.
          clock: how far the run is.
          num_updates: how many to make. int32 []
          numbers: the run's.
          seeds: the run's, by purpose. int32 []

        Returns:
          The memory, the parts, the number of updates so far, and the mean of each figure (0 without updates).
        """
        end = clock.num_updates + num_updates

        def update(count: tf.Tensor, parts: Parts, totals: dict[str, tf.Tensor]) -> Any:
            batch = self.batch(ring, count, clock, numbers, seeds)
            seed = tf.stack([seeds.update, count])
            parts, losses = self.agent.update(parts, batch, numbers, clock._replace(num_updates=count), seed)
            return count + 1, parts, {name: totals[name] + losses[name] for name in totals}

        totals = {name: tf.constant(0.0) for name in self.agent.losses}
        count, parts, totals = tf.while_loop(lambda count, *_: count < end, update, (clock.num_updates, parts, totals))
        share = 1.0 / tf.cast(tf.maximum(num_updates, 1), tf.float32)
        return ring, parts, count, {name: total * share for name, total in totals.items()}


def empty_ring(environment: Spaces, capacity: int, length: int) -> Ring:
    """A ring of `length` in C = `capacity` rows. NumPy arrays."""
    observations = np.zeros([capacity, environment.observation_size], np.float32)
    actions = (
        np.zeros(capacity, np.int32)
        if environment.num_actions
        else np.zeros([capacity, len(environment.action_low)], np.float32)
    )
    rewards, flags = np.zeros(capacity, np.float32), np.zeros(capacity, np.bool_)
    return Ring(Transitions(observations, actions, rewards, flags, flags, observations), np.int32(0), np.int32(length))


def append(ring: Ring, new: Transitions) -> Ring:
    """Writes E transitions over the oldest ones."""
    num_environments = new.reward.shape[0]
    positions = row_of(ring, ring.num_written + tf.range(num_environments))[:, None]  # [E, 1]
    rows = [tf.tensor_scatter_nd_update(old, positions, part) for old, part in zip(ring.rows, new, strict=True)]
    return ring._replace(rows=Transitions(*rows), num_written=ring.num_written + num_environments)


def sample(ring: Ring, seed: tf.Tensor, shape: SimpleNamespace, numbers: Any) -> Batch:
    """Draws transitions uniformly, with replacement, each lengthened to an N-step return.

    Args:
      ring: at least one transition.
      seed: int32 [2]
      shape: `batch_size`, B, and `num_environments`, E.
      numbers: `batch_size`, how many of the B rows count; `n_step`, N; `gamma`.
    """
    size = tf.minimum(ring.num_written, ring.length)
    age = integers(seed, [shape.batch_size], size)  # 0 is the oldest [B]
    first = ring.num_written - size + age
    is_in_batch = tf.range(shape.batch_size) < numbers.batch_size
    weight = tf.where(is_in_batch, 1.0 / tf.cast(numbers.batch_size, tf.float32), 0.0)  # [B]
    return n_step_batch(ring, first, weight, shape.num_environments, numbers.n_step, numbers.gamma)


def n_step_batch(
    ring: Ring, first: tf.Tensor, weight: tf.Tensor, num_environments: int, num_steps: tf.Tensor, gamma: tf.Tensor
) -> Batch:
    """Sums up to N rewards from each given transition on (Sutton and Barto 2018, section 7.1).

    A sum ends early where its episode ends, terminated or cut, and at the newest transition, behind which the ring
    holds the oldest. With gamma 0.5, N = 3, rewards 1, 2, 4 and an episode that ends at the second: reward
    1 + 0.5 * 2 = 2, discount 0.5 ** 2 (0 if terminated), next observation that of the second.

    Args:
      ring: the transitions.
      first: numbers of transitions still in the ring. int32 [B]
      weight: of each. float32 [B]
      num_environments: E.
      num_steps: N. int32 []
      gamma: the discount factor. float32 []
    """
    rows, first_row = ring.rows, row_of(ring, first)

    def lengthen(step: Any, last: Any, goes_on: Any, reward: Any, discount: Any) -> Any:
        goes_on = (
            goes_on & ~tf.gather(rows.is_boundary, row_of(ring, last)) & (last + num_environments < ring.num_written)
        )
        last = tf.where(goes_on, last + num_environments, last)
        reward += tf.where(goes_on, discount * tf.gather(rows.reward, row_of(ring, last)), 0.0)
        return step + 1, last, goes_on, reward, tf.where(goes_on, discount * gamma, discount)

    start = (tf.constant(1), first, tf.ones_like(first, tf.bool), tf.gather(rows.reward, first_row))
    discount = tf.fill(tf.shape(first), gamma)
    _, last, _, reward, discount = tf.while_loop(lambda step, *_: step < num_steps, lengthen, (*start, discount))
    last_row = row_of(ring, last)  # [B]
    return Batch(
        tf.gather(rows.observation, first_row),
        tf.gather(rows.action, first_row),
        reward,
        tf.where(tf.gather(rows.terminated, last_row), 0.0, discount),
        tf.gather(rows.next_observation, last_row),
        weight,
    )


def row_of(ring: Ring, number: tf.Tensor) -> tf.Tensor:
    """The row that holds a transition's number."""
    return tf.truncatemod(number, ring.length)
