"""C51: learns how the return of each action is distributed, as probabilities of fixed values, from replayed experience.

M. G. Bellemare, W. Dabney, R. Munos, "A distributional perspective on reinforcement learning", ICML 2017,
https://arxiv.org/abs/1707.06887; exploring as DQN does, with its options `double` and `n_step`.

Shapes: B batch, O numbers of observation, A actions, N atoms.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from models.dqn import QAgent, QHyperparameters
from rliable.environments.runtime import tf
from rliable.schema import Problem, setting
from rliable.training.agent import Batch, Parts
from rliable.training.model import AgentModel


@dataclasses.dataclass(frozen=True)
class C51Hyperparameters(QHyperparameters):
    """What `hp_params` may hold."""

    num_atoms: int = setting(
        51, "Values that a return may have, evenly spaced.", unit="atoms", low=2, high=1001, compiles=True
    )
    v_min: float = setting(-10.0, "The lowest of these values; must be below v_max.")
    v_max: float = setting(10.0, "The highest of these values.")

    @property
    def outputs_per_action(self) -> int:
        return self.num_atoms

    def problems(self) -> list[Problem]:
        low, high = np.float32(self.v_min), np.float32(self.v_max)
        distance = (high - low) / np.float32(self.num_atoms - 1)
        if low < low + distance and high - distance < high:
            return super().problems()
        if self.v_min < self.v_max:
            words = f"{self.num_atoms} atoms between {self.v_min:.9g} and v_max {self.v_max:.9g} cannot be told apart"
        else:
            words = f"{self.v_min:g} is not below v_max {self.v_max:g}"
        return [*super().problems(), Problem("v_min", f"{words}; set them to the lowest and the highest return")]


class C51Agent(QAgent):
    """Learns the distribution of each action's return on the atoms z_i = v_min + i * (v_max - v_min) / (N - 1)."""

    def logits(self, q: Any, observation: tf.Tensor) -> tf.Tensor:
        """The logarithm of each atom's probability, up to a constant, for every action. [B, A, N]"""
        outputs = self.network(q, observation)  # [B, A * N]
        return tf.reshape(outputs, [-1, self.environment.num_actions, self.shape.num_atoms])

    def q_values(self, q: Any, observation: tf.Tensor) -> tf.Tensor:
        """The mean return in atoms, sum_i i * p_i: v_min and v_max would only shift and stretch it. [B, A]"""
        probabilities = tf.nn.softmax(self.logits(q, observation))  # [B, A, N]
        return tf.reduce_sum(probabilities * tf.range(self.shape.num_atoms, dtype=tf.float32), 2)

    def target(self, parts: Parts, batch: Batch, numbers: Any) -> tf.Tensor:
        chooser = parts["q" if self.shape.double else "q_target"]
        action = tf.argmax(self.q_values(chooser, batch.next_observation), 1, tf.int32)  # a* [B]
        logits = tf.gather(self.logits(parts["q_target"], batch.next_observation), action, batch_dims=1)
        return project(tf.nn.softmax(logits), batch.reward, batch.discount, numbers.v_min, numbers.v_max)  # m [B, N]

    def errors(self, q: Any, batch: Batch, target: tf.Tensor) -> tf.Tensor:
        """The cross-entropy -sum_i m_i log p_i(s, a). [B]"""
        logits = tf.gather(self.logits(q, batch.observation), batch.action, batch_dims=1)  # [B, N]
        return -tf.reduce_sum(target * tf.nn.log_softmax(logits), 1)


def project(
    probabilities: tf.Tensor, reward: tf.Tensor, discount: tf.Tensor, v_min: tf.Tensor, v_max: tf.Tensor
) -> tf.Tensor:
    """The distribution of reward + discount * Z on the atoms, equation (7) of the paper.

    The example in the comments: probabilities (0.2, 0.3, 0.5) of the atoms (0, 1, 2), reward 0.5, discount 1.

    Args:
      probabilities: of each atom under Z. [B, N]
      reward, discount: of each row. [B]
      v_min, v_max: the first and the last atom. []

    Returns:
      The probability of each atom. [B, N]
    """
    num_rows, num_atoms = probabilities.shape
    index = tf.range(num_atoms, dtype=tf.float32)  # (0, 1, 2) [N]
    delta = (v_max - v_min) / (num_atoms - 1)  # 1 []
    moved = reward[:, None] + discount[:, None] * (v_min + index * delta)  # Tz (0.5, 1.5, 2.5) [B, N]
    place = (tf.clip_by_value(moved, v_min, v_max) - v_min) / delta  # b, counted in atoms: (0.5, 1.5, 2) [B, N]
    lower = tf.floor(place)  # l (0, 1, 2) [B, N]
    upper = tf.minimum(lower + 1, num_atoms - 1)  # u (1, 2, 2) [B, N]
    to_upper = probabilities * (place - lower)  # (0.1, 0.15, 0) [B, N]
    to_lower = probabilities - to_upper  # (0.1, 0.15, 0.5) [B, N]
    # A scatter takes a third of the time of the dense [B, N, N] sum, as a product, on a processor (N = 101).
    atom = tf.cast(tf.stack([lower, upper]), tf.int32)  # [2, B, N]
    cell = atom + num_atoms * tf.range(num_rows)[:, None]  # in B * N cells
    shares = tf.reshape(tf.stack([to_lower, to_upper]), [-1])
    cells = tf.tensor_scatter_nd_add(tf.zeros(num_rows * num_atoms), tf.reshape(cell, [-1, 1]), shares)
    return tf.reshape(cells, [num_rows, num_atoms])  # (0.1, 0.1 + 0.15, 0.15 + 0.5) [B, N]


class C51(AgentModel):
    """A C51 agent: learns how the return of each action is distributed, from replayed experience."""

    hyperparameters = C51Hyperparameters
    agent = C51Agent
    acts = "discrete"
