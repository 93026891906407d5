"""The memory of on-policy agents: the latest steps of the present policy, learned from when it is full.

Shapes: T steps, E environments, N = T·E, M rows of a minibatch.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from rliable.environments.random_numbers import uniform
from rliable.environments.runtime import tf
from rliable.training.agent import Clock, Experience, OnPolicyAgent, Parts


class Rollout:
    """How an on-policy agent remembers its experience and learns from it."""

    def __init__(self, agent: OnPolicyAgent) -> None:
        self.agent = agent

    def empty(self, values: Any) -> Experience:
        """A memory of T steps, which are all still to be written. NumPy arrays [T, E, …]"""
        environment, shape = self.agent.environment, self.agent.shape
        steps = (shape.collect_steps_per_iteration, shape.num_environments)
        observations, numbers = (
            np.zeros([*steps, *environment.observation_shape], environment.observation_type),
            np.zeros(steps, np.float32),
        )
        flags = np.zeros(steps, np.bool_)
        actions = (
            np.zeros(steps, np.int32)
            if environment.num_actions
            else np.zeros([*steps, len(environment.action_low)], np.float32)
        )
        extras = dict.fromkeys(self.agent.extras, numbers)
        return Experience(observations, actions, numbers, flags, flags, observations, extras)

    def add(self, rollout: Experience, experience: Experience, clock: Clock) -> Experience:
        """Remembers one step of each environment."""
        num_steps, num_environments = rollout.reward.shape
        row = tf.truncatediv(clock.num_steps, num_environments) % num_steps
        return tf.nest.map_structure(
            lambda old, new: tf.tensor_scatter_nd_update(old, [[row]], new[None]), rollout, experience
        )

    def clock_of_updates(self, clock: Clock, numbers: Any) -> Clock:
        """How far the run was before its latest rollout: so the first updates see the beginning of schedules."""
        share = tf.cast(self.agent.num_rows, tf.float32) / tf.cast(numbers.total_steps, tf.float32)
        return clock._replace(progress=clock.progress - share)

    def learn(
        self, rollout: Experience, parts: Parts, clock: Clock, num_updates: Any, numbers: Any, seeds: SimpleNamespace
    ) -> tuple[Experience, Parts, tf.Tensor, dict[str, tf.Tensor]]:
        """Learns from the whole rollout: `num_epochs` times all of its minibatches, each time in another order.

        Args:
          rollout: what to learn from. [T, E, …]
          parts: the agent's.
          clock: as `clock_of_updates` gives it.
          num_updates: unused; a rollout decides itself.
          numbers: the run's; `num_epochs`.
          seeds: the run's, by purpose. int32 []

        Returns:
          The memory, the parts, the number of updates so far, and the mean of each figure.
        """
        batch = tf.nest.map_structure(merge_steps, self.agent.prepare(parts, rollout, numbers))  # [N, …]
        num_rows = self.agent.num_rows
        size = self.agent.shape.batch_size or num_rows  # M
        per_epoch = num_rows // size
        end = clock.num_updates + numbers.num_epochs * per_epoch

        def update(count: tf.Tensor, parts: Parts, order: tf.Tensor, totals: dict[str, tf.Tensor]) -> Any:
            minibatch = batch
            if per_epoch > 1:
                index = (count - clock.num_updates) % per_epoch
                order_seed = tf.stack([seeds.replay, count])
                order = tf.cond(index == 0, lambda: random_order(order_seed, num_rows), lambda: order)
                rows = tf.gather(tf.reshape(order, [per_epoch, size]), index)  # [M]
                minibatch = tf.nest.map_structure(lambda field: tf.gather(field, rows), batch)
            seed = tf.stack([seeds.update, count])
            parts, losses = self.agent.update(parts, minibatch, numbers, clock._replace(num_updates=count), seed)
            return count + 1, parts, order, {name: totals[name] + losses[name] for name in totals}

        start = (clock.num_updates, parts, tf.range(num_rows), {name: tf.constant(0.0) for name in self.agent.losses})
        count, parts, _, totals = tf.while_loop(lambda count, *_: count < end, update, start)
        number = tf.cast(end - clock.num_updates, tf.float32)
        return rollout, parts, count, {name: total / number for name, total in totals.items()}


def merge_steps(field: tf.Tensor) -> tf.Tensor:
    """[T, E, …] -> [N, …]."""
    return tf.reshape(field, [-1, *field.shape[2:]])


def random_order(seed: tf.Tensor, number: int) -> tf.Tensor:
    """0 … number - 1 in an order of which all are equally likely. int32 [N]

    XLA sorts numbers with their indices by a routine of its own: 0.1 ms for 8,192, where sorting whole numbers that
    hold both takes 1.4 ms, and swapping in a loop 0.5 ms.
    """
    return tf.argsort(uniform(seed, [number]))
