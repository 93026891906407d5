"""Distributions over actions, as functions of what a policy network gives.

Shapes: B batch, A actions, or numbers of a continuous action.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from rliable.environments.random_numbers import normal, uniform
from rliable.environments.runtime import tf


class Categorical(NamedTuple):
    """One of A actions, with log-probabilities up to a constant. [B, A]"""

    logits: tf.Tensor

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """Draws actions, int32 [B]: the largest logit after Gumbel noise is added to each."""
        noise = -tf.math.log(-tf.math.log(uniform(seed, self.logits.shape, 1e-20, 1.0)))
        return tf.argmax(self.logits + noise, 1, tf.int32)

    def log_probability(self, action: tf.Tensor) -> tf.Tensor:
        """Of each action. [B]"""
        chosen = tf.one_hot(action, self.logits.shape[1])
        return tf.reduce_sum(chosen * tf.nn.log_softmax(self.logits), 1)

    def entropy(self) -> tf.Tensor:
        """Of each distribution. [B]"""
        log_probabilities = tf.nn.log_softmax(self.logits)
        return -tf.reduce_sum(tf.exp(log_probabilities) * log_probabilities, 1)


class DiagonalNormal(NamedTuple):
    """A numbers, each normally distributed on its own.

    Attributes:
      mean: [B, A]
      log_std: logarithm of the standard deviation. [A]
    """

    mean: tf.Tensor
    log_std: tf.Tensor

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """Draws actions. float32 [B, A]"""
        return self.mean + tf.exp(self.log_std) * normal(seed, self.mean.shape)

    def log_probability(self, action: tf.Tensor) -> tf.Tensor:
        """The logarithm of the density at each action. [B]"""
        distance = (action - self.mean) * tf.exp(-self.log_std)
        return -tf.reduce_sum(0.5 * tf.square(distance) + self.log_std + 0.5 * math.log(2 * math.pi), 1)

    def entropy(self) -> tf.Tensor:
        """Of each distribution. [B]"""
        entropy = tf.reduce_sum(self.log_std + 0.5 * math.log(2 * math.pi * math.e))
        return entropy * tf.ones_like(self.mean[:, 0])
