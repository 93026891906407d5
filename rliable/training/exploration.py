"""Exploration by noise that is added to continuous actions: normal, or correlated in time.

G. E. Uhlenbeck, L. S. Ornstein, "On the theory of the Brownian motion", Physical Review 36 (1930),
https://doi.org/10.1103/PhysRev.36.823.

Shapes: E environments, A numbers of an action.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from rliable.environments.random_numbers import normal
from rliable.environments.runtime import tf
from rliable.schema import setting, with_default
from rliable.training.agent import OffPolicyAgent
from rliable.training.hyperparameters import OffPolicyHyperparameters


@dataclasses.dataclass(frozen=True)
class NoisyHyperparameters(OffPolicyHyperparameters):
    """What off-policy agents with a network that acts may be told. Actions, and so their noise, are in [-1, 1]."""

    batch_size: int = with_default(OffPolicyHyperparameters, "batch_size", 256)
    actor_learning_rate: float | None = setting(
        None, "Step size of the network that acts; null for learning_rate.", above=0, high=1
    )
    noise: str = setting(
        "normal",
        "Noise added to actions while exploring: normal, or ou (Ornstein-Uhlenbeck), which lasts over steps.",
        choices=("none", "normal", "ou"),
        compiles=True,
    )
    noise_std: float = setting(
        0.1, "Its standard deviation; for ou over a unit of time. Actions reach from -1 to 1.", low=0, high=10
    )
    ou_theta: float = setting(
        0.15, "How fast ou noise goes back to zero: the part of it in a unit of time.", low=0, high=100
    )
    ou_time_step: float = setting(0.01, "Units of time that an environment step takes for ou noise.", above=0, high=1)


class NoisyAgent(OffPolicyAgent):
    """An agent that can add noise to its actions; each environment and each number of an action has its own."""

    def initial_carry(self, num_environments: int) -> Any:
        if self.shape.noise != "ou":
            return ()
        return np.zeros([num_environments, len(self.environment.action_low)], np.float32)

    def with_noise(self, action: tf.Tensor, carry: Any, numbers: Any, seed: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """Adds noise to actions [E, A], cut off at [-1, 1], as they are then remembered.

        Returns:
          The actions, and the noise where the next is to go on from it.
        """
        if self.shape.noise == "none":
            return action, carry
        noise = numbers.noise_std * normal(seed, action.shape)  # [E, A]
        if self.shape.noise == "ou":  # dx = -theta x dt + sigma dW
            noise = carry - numbers.ou_theta * carry * numbers.ou_time_step + noise * tf.sqrt(numbers.ou_time_step)
            carry = noise
        return tf.clip_by_value(action + noise, -1.0, 1.0), carry


def actor_learning_rate(numbers: Any) -> tf.Tensor:
    """The step size of the network that acts."""
    return numbers.learning_rate if numbers.actor_learning_rate is None else numbers.actor_learning_rate
