"""What a stochastic policy draws its actions from.

Shapes: B batch, A actions to choose from, or numbers of a continuous action.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from rliable.environments.random_numbers import normal, uniform
from rliable.environments.runtime import tf


class Categorical(NamedTuple):
    """One of A actions.

    Attributes:
      logits: logarithms of the probabilities, up to a constant. [B, A]
    """

    logits: tf.Tensor

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """An action for each row (E. J. Gumbel's trick: the largest logit with noise). int32 [B]"""
        noise = -tf.math.log(-tf.math.log(uniform(seed, self.logits.shape)))
        return tf.argmax(self.logits + noise, 1, tf.int32)

    def mode(self) -> tf.Tensor:
        """The most likely action of each row. int32 [B]"""
        return tf.argmax(self.logits, 1, tf.int32)

    def log_probability(self, action: tf.Tensor) -> tf.Tensor:
        """The logarithm of the probability of an action in each row. [B]"""
        chosen = tf.one_hot(action, self.logits.shape[1])  # a gather's gradient is slow in XLA on a processor
        return tf.reduce_sum(chosen * tf.nn.log_softmax(self.logits), 1)

    def entropy(self) -> tf.Tensor:
        """The entropy of each row, in nats. [B]"""
        logarithms = tf.nn.log_softmax(self.logits)
        return -tf.reduce_sum(tf.exp(logarithms) * logarithms, 1)


class DiagonalNormal(NamedTuple):
    """A numbers, each with a normal distribution of its own.

    Attributes:
      mean: [B, A]
      log_std: logarithms of the standard deviations, the same in each row. [A]
    """

    mean: tf.Tensor
    log_std: tf.Tensor

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """An action for each row. [B, A]"""
        return self.mean + tf.exp(self.log_std) * normal(seed, self.mean.shape)

    def mode(self) -> tf.Tensor:
        """The most likely action of each row. [B, A]"""
        return self.mean

    def log_probability(self, action: tf.Tensor) -> tf.Tensor:
        """The logarithm of the density at an action in each row. [B]"""
        distance = (action - self.mean) * tf.exp(-self.log_std)  # [B, A]
        return -tf.reduce_sum(0.5 * tf.square(distance) + self.log_std + 0.5 * math.log(2 * math.pi), 1)

    def entropy(self) -> tf.Tensor:
        """The entropy of each row, in nats. [B]"""
        total = tf.reduce_sum(self.log_std + 0.5 * math.log(2 * math.pi * math.e))
        return total + tf.zeros_like(self.mean[:, 0])
