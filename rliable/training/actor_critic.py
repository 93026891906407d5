"""What agents share that learn a stochastic policy and the value of what they see, from rollouts.

Shapes: T steps, E environments, B batch, O numbers of observation, A actions or numbers of a continuous action.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.environments.runtime import tf
from rliable.seeding import derive_seed
from rliable.training.agent import Acted, Clock, Experience, OnPolicyAgent, Parts
from rliable.training.distributions import Categorical, DiagonalNormal
from rliable.training.networks.base import Scales
from rliable.training.normalise import initial_statistics, normalised, scaled, updated
from rliable.training.optimizer import adam_step, initial_adam

#: Scales of orthogonal initial weights: of the policy's network, and of the value's.
SCALES = Scales(float(np.sqrt(2)), 0.01), Scales(float(np.sqrt(2)), 1.0)


class ActorCritic(OnPolicyAgent):
    """A policy and a value function: two networks that share nothing, and one optimizer.

    Its parts are the networks, as `{"policy": …, "value": …}`, with `log_std` [A] where actions are continuous; the
    state of the optimizer; and the statistics of observations and returns, which stay as they begin unless they are
    asked for. In continuous spaces the policy is a normal distribution; what it draws is remembered as it was drawn,
    and cut off on its way to the environment only.
    """

    acts_with = ("networks", "observations")

    def initial_parts(self, values: Any, seed: int) -> Parts:
        num_outputs = self.environment.num_actions or len(self.environment.action_low)
        policy_scales, value_scales = SCALES if values.orthogonal_weights else (None, None)
        initial = self.networks.initial
        networks: dict[str, Any] = {
            "policy": initial(values, derive_seed(seed, "policy"), num_outputs, scales=policy_scales),
            "value": initial(values, derive_seed(seed, "value"), 1, scales=value_scales),
        }
        if not self.environment.num_actions:
            networks["log_std"] = np.full(num_outputs, values.log_std_init, np.float32)
        return {
            "networks": networks,
            "adam": initial_adam(networks),
            "observations": initial_statistics(
                0 if self.environment.image_shape else self.environment.observation_size
            ),
            "returns": initial_statistics(1),
        }

    def initial_carry(self, num_environments: int) -> Any:
        """The discounted sum of the rewards of the episode so far. [E]"""
        return np.zeros(num_environments, np.float32)

    def act(self, parts: Parts, observation: tf.Tensor, carry: Any, numbers: Any, clock: Clock, seed: Any) -> Acted:
        return Acted(self.policy(parts["networks"], observation).sample(seed), {}, carry)

    def greedy(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        return self.policy(parts["networks"], self.view(parts, observation)).mode()

    def view(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        return normalised(parts["observations"], observation) if self.shape.normalize_observations else observation

    def watch(self, parts: Parts, experience: Experience, carry: Any, numbers: Any) -> tuple[Parts, tf.Tensor, Any]:
        reward = experience.reward
        if self.shape.normalize_observations:
            parts = parts | {"observations": updated(parts["observations"], experience.observation)}
        if self.shape.normalize_rewards:
            carry = numbers.gamma * carry + reward  # [E]
            parts = parts | {"returns": updated(parts["returns"], carry[:, None])}
            reward = scaled(parts["returns"], reward[:, None])[:, 0]
        return parts, reward, carry

    def policy(self, networks: dict[str, Any], observation: tf.Tensor) -> Categorical | DiagonalNormal:
        """What actions are drawn from, for observations [B, O] as `view` gives them."""
        outputs = self.network(networks["policy"], observation)  # [B, A]
        return Categorical(outputs) if self.environment.num_actions else DiagonalNormal(outputs, networks["log_std"])

    def value(self, networks: dict[str, Any], observation: tf.Tensor) -> tf.Tensor:
        """V(s) for observations [B, O] as `view` gives them. [B]"""
        return self.network(networks["value"], observation)[:, 0]

    def values_of_steps(self, networks: dict[str, Any], observation: tf.Tensor) -> tf.Tensor:
        """V(s) for the observations of a rollout, [T, E, O] -> [T, E], as one batch."""
        rows = tf.reshape(observation, [-1, *observation.shape[2:]])  # [T·E, O]
        return tf.reshape(self.value(networks, rows), observation.shape[:2])

    def descend(self, parts: Parts, gradients: Any, numbers: Any) -> Parts:
        """The parts after one step of the optimizer."""
        networks, adam = adam_step(
            parts["networks"],
            gradients,
            parts["adam"],
            numbers.learning_rate,
            numbers.adam_epsilon,
            numbers.gradient_clipping,
        )
        return parts | {"networks": networks, "adam": adam}


def scheduled(start: Any, end: Any, progress: tf.Tensor) -> Any:
    """A number that goes linearly from `start` to `end` as progress goes from 0 to 1; constant where `end` is None."""
    return start if end is None else start + (end - start) * progress


def standardised(advantage: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """Advantages [B] less their mean, over their standard deviation; both of the rows that count.

    A single row stays as it is: nothing would be left of it.

    Args:
      weight: what each row counts, 1 in all; zeros for none. [B]
    """
    centred = advantage - tf.reduce_sum(weight * advantage)
    variance = tf.reduce_sum(weight * tf.square(centred))
    return tf.where(tf.reduce_max(weight) < 1.0, centred / (tf.sqrt(variance) + 1e-8), advantage)
