"""What on-policy agents with a policy network and a value network share: acting, normalising, looking back.

Shapes: T steps, E environments, B batch, O numbers of observation, A actions, or numbers of a continuous action.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rliable.environments.runtime import tf
from rliable.seeding import derive_seed
from rliable.training.agent import Acted, Clock, Experience, OnPolicyAgent, Parts
from rliable.training.distributions import Categorical, DiagonalNormal
from rliable.training.networks import initial_mlp, mlp
from rliable.training.normalise import initial_statistics, scaled, standardised, updated
from rliable.training.optimizer import adam_step, initial_adam

#: The parts that gradients change, of which a policy for discrete actions has no "log_std".
TRAINED = ("policy", "log_std", "value")


class PolicyValueAgent(OnPolicyAgent):
    """An on-policy agent with separate networks for its policy and for the value of a state."""

    acts_with = ("policy", "observations")
    extras = ("log_probability", "value")

    def initial_parts(self, values: Any, seed: int) -> Parts:
        environment = self.environment
        num_outputs = environment.num_actions or len(environment.action_low)
        inputs = (environment.observation_size, *values.hidden_sizes)
        hidden = [math.sqrt(2)] * len(values.hidden_sizes)
        orthogonal = values.orthogonal_weights
        trained: Parts = {
            "policy": initial_mlp(
                (*inputs, num_outputs), derive_seed(seed, "policy"), [*hidden, 0.01] if orthogonal else None
            ),
            "value": initial_mlp((*inputs, 1), derive_seed(seed, "value"), [*hidden, 1.0] if orthogonal else None),
        }
        if not environment.num_actions:
            trained["log_std"] = np.full(num_outputs, values.log_std_init, np.float32)
        statistics = {"observations": initial_statistics(environment.observation_size), "returns": initial_statistics()}
        return {**trained, "adam": initial_adam(trained), **statistics}

    def initial_carry(self, num_environments: int) -> np.ndarray:
        """The discounted return of each episode so far."""
        return np.zeros(num_environments, np.float32)

    def act(self, parts: Parts, observation: tf.Tensor, carry: Any, numbers: Any, clock: Clock, seed: Any) -> Acted:
        policy = self.policy(parts, observation)
        action = policy.sample(seed)
        extras = {"log_probability": policy.log_probability(action), "value": self.value(parts, observation)}
        return Acted(action, extras, carry)

    def greedy(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        output = self.policy_output(parts, self.view(parts, observation))
        return tf.argmax(output, 1, tf.int32) if self.environment.num_actions else output

    def view(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        if not self.shape.normalize_observations:
            return observation
        return standardised(parts["observations"], observation)

    def watch(self, parts: Parts, experience: Experience, carry: Any, numbers: Any) -> tuple[Parts, tf.Tensor, Any]:
        if self.shape.normalize_observations:
            parts = {**parts, "observations": updated(parts["observations"], experience.next_observation)}
        if not self.shape.normalize_rewards:
            return parts, experience.reward, carry
        carry = carry * numbers.gamma + experience.reward  # the loop sets it back where an episode has ended
        parts = {**parts, "returns": updated(parts["returns"], carry)}
        return parts, scaled(parts["returns"], experience.reward), carry

    def policy(self, parts: Parts, observation: tf.Tensor) -> Categorical | DiagonalNormal:
        """The distribution of actions for observations [B, O], as networks see them."""
        output = self.policy_output(parts, observation)
        return Categorical(output) if self.environment.num_actions else DiagonalNormal(output, parts["log_std"])

    def policy_output(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        """The logit of each action, or the mean of each number of a continuous one. [B, A]"""
        return mlp(parts["policy"], observation, self.shape.activation)

    def value(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        """The value of each state. [B]"""
        return mlp(parts["value"], observation, self.shape.activation)[:, 0]

    def next_values(self, parts: Parts, rollout: Experience) -> tf.Tensor:
        """The value of what followed each step, 0 where the episode terminated; not where it was cut. [T, E]"""
        flat = tf.reshape(rollout.next_observation, [-1, self.environment.observation_size])
        values = tf.reshape(self.value(parts, flat), rollout.reward.shape)
        return tf.where(rollout.terminated, 0.0, values)

    def step(self, parts: Parts, gradients: Parts, numbers: Any, learning_rate: tf.Tensor) -> Parts:
        """The parts after one step of the optimizer against gradients of `trained(parts)`."""
        moved, adam = adam_step(
            self.trained(parts),
            gradients,
            parts["adam"],
            learning_rate,
            numbers.adam_epsilon,
            numbers.gradient_clipping,
        )
        return {**parts, **moved, "adam": adam}

    def trained(self, parts: Parts) -> Parts:
        """The parts that gradients change."""
        return {name: parts[name] for name in TRAINED if name in parts}


def backwards(rewards: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """x_t = rewards_t + factors_t * x_{t+1}, from the last step to the first, with 0 behind it. All [T, E]"""

    def look_back(later: tf.Tensor, now: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        reward, factor = now
        return reward + factor * later

    return tf.scan(look_back, (rewards, factors), tf.zeros_like(rewards[0]), reverse=True)
