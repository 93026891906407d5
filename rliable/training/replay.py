"""A ring of transitions, carried through compiled loops as plain tensors.

Shapes: C capacity of the ring, B batch, N steps of a return, O numbers of observation.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from rliable.environments.random_numbers import integers


class Transitions(NamedTuple):
    """What happened in one environment step each; the leading dimension is C in a ring, B in a batch.

    Attributes:
      observation: what the agent saw. float32 [C, O]
      action: what it did. int32 [C]
      reward: what it got; in an N-step batch the discounted sum. float32 [C]
      discount: 0 where the episode terminated, else 1, also at a time limit; in an N-step batch times
        gamma^(k - 1), k being the number of rewards summed up. float32 [C]
      next_observation: what it saw then, also at the end of an episode. float32 [C, O]
      is_boundary: whether the episode ended here, terminated or cut. bool [C]
    """

    observation: tf.Tensor
    action: tf.Tensor
    reward: tf.Tensor
    discount: tf.Tensor
    next_observation: tf.Tensor
    is_boundary: tf.Tensor


class Replay(NamedTuple):
    """A ring of rows, and how many transitions were ever written to it (int32 []); number i is in row i modulo C."""

    rows: Transitions
    num_written: tf.Tensor


def empty_replay(capacity: int, observation_size: int) -> Replay:
    """A ring without transitions."""
    observations = tf.zeros([capacity, observation_size], tf.float32)
    numbers = tf.zeros([capacity], tf.float32)
    actions, flags = tf.zeros([capacity], tf.int32), tf.zeros([capacity], tf.bool)
    rows = Transitions(observations, actions, numbers, numbers, observations, flags)
    return Replay(rows, tf.constant(0, tf.int32))


def append(replay: Replay, row: Transitions) -> Replay:
    """Writes one transition (leading dimension 1) over the oldest one."""
    position = tf.reshape(row_of(replay, replay.num_written), [1, 1])
    rows = [tf.tensor_scatter_nd_update(old, position, new) for old, new in zip(replay.rows, row, strict=True)]
    return Replay(Transitions(*rows), replay.num_written + 1)


def sample(replay: Replay, seed: tf.Tensor, batch_size: int, num_steps: int, gamma: tf.Tensor) -> Transitions:
    """Draws transitions uniformly, with replacement, each lengthened to an N-step return.

    Args:
      replay: at least one transition.
      seed: int32 [2]
      batch_size: B.
      num_steps: N, at least 1.
      gamma: the discount factor. float32 []

    Returns:
      The batch. [B, ...]
    """
    size = tf.minimum(replay.num_written, capacity_of(replay))
    age = integers(seed, [batch_size], size)  # 0 is the oldest [B]
    return n_step_transitions(replay, replay.num_written - size + age, num_steps, gamma)


def n_step_transitions(replay: Replay, first: tf.Tensor, num_steps: int, gamma: tf.Tensor) -> Transitions:
    """Sums up to N rewards from each given transition on (Sutton and Barto 2018, section 7.1).

    A sum ends early where its episode ends, terminated or cut, and at the newest transition, behind which the ring
    holds the oldest. With gamma 0.5, N = 3, rewards 1, 2, 4 and an episode that ends at the second: reward
    1 + 0.5 * 2 = 2, discount 0.5 * (0 if terminated, 1 if cut), next observation that of the second.

    Args:
      replay: the ring.
      first: numbers of transitions still in the ring. int32 [B]
      num_steps: N.
      gamma: the discount factor. float32 []

    Returns:
      The transitions. [B, ...]
    """
    rows, last, taken = replay.rows, first, tf.ones_like(first, tf.bool)  # [B]
    first_row = last_row = row_of(replay, first)  # [B]
    reward, scale = tf.gather(rows.reward, first_row), tf.ones_like(first, tf.float32)  # [B]
    for step in range(1, num_steps):
        goes_on = ~tf.gather(rows.is_boundary, last_row) & (first + step < replay.num_written)
        taken = taken & goes_on
        last = tf.where(taken, first + step, last)
        last_row = row_of(replay, last)
        scale = tf.where(taken, scale * gamma, scale)
        reward += tf.where(taken, scale * tf.gather(rows.reward, last_row), 0.0)
    return Transitions(
        tf.gather(rows.observation, first_row),
        tf.gather(rows.action, first_row),
        reward,
        scale * tf.gather(rows.discount, last_row),
        tf.gather(rows.next_observation, last_row),
        tf.gather(rows.is_boundary, last_row),
    )


def row_of(replay: Replay, number: tf.Tensor) -> tf.Tensor:
    """The row that holds a transition's number."""
    return tf.truncatemod(number, capacity_of(replay))


def capacity_of(replay: Replay) -> int:
    """C."""
    return int(replay.rows.reward.shape[0])
