"""SAC: learns to get reward while acting as randomly as it can, from replayed experience.

T. Haarnoja, A. Zhou, P. Abbeel, S. Levine, "Soft actor-critic: off-policy maximum entropy deep reinforcement learning
with a stochastic actor", ICML 2018, https://arxiv.org/abs/1801.01290; with the temperature tuned as in T. Haarnoja et
al., "Soft actor-critic algorithms and applications" (2018), https://arxiv.org/abs/1812.05905.

Shapes: E environments, B batch, O numbers of observation, A numbers of an action.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from rliable.environments.random_numbers import normal
from rliable.environments.runtime import tf
from rliable.schema import setting, with_default
from rliable.seeding import derive_seed
from rliable.training.agent import Acted, Batch, Clock, Parts
from rliable.training.exploration import NoisyAgent, NoisyHyperparameters, actor_learning_rate
from rliable.training.model import AgentModel
from rliable.training.optimizer import adam_step, initial_adam, moved_target

LOG_STD_RANGE = (-20.0, 2.0)


@dataclasses.dataclass(frozen=True)
class SACHyperparameters(NoisyHyperparameters):
    """What `hp_params` may hold."""

    learning_rate: float = with_default(NoisyHyperparameters, "learning_rate", 3e-4)
    noise: str = with_default(NoisyHyperparameters, "noise", "none")
    alpha: float | None = setting(
        None, "Temperature: what a nat of entropy is worth in reward; null to tune it.", low=0, high=1000
    )
    initial_alpha: float = setting(1.0, "Where a tuned temperature begins.", above=0, high=1000)
    target_entropy: float | None = setting(
        None, "The mean entropy to which it is tuned; null for minus the numbers of an action.", unit="nats"
    )


class SACAgent(NoisyAgent):
    """A stochastic actor pi(a|s) = tanh(N(mean, std)), two critics with target networks, and a temperature alpha."""

    acts_with = ("actor",)
    losses = ("critic_loss", "actor_loss", "alpha", "entropy")

    def initial_parts(self, values: SACHyperparameters, seed: int) -> Parts:
        size = len(self.environment.action_low)
        actor = self.networks.initial(values, derive_seed(seed, "actor"), 2 * size)
        critics = {name: self.networks.initial(values, derive_seed(seed, name), 1, size) for name in ("q1", "q2")}
        parts = {"actor": actor, "actor_adam": initial_adam(actor)}
        parts |= {"critics": critics, "critics_target": critics, "critics_adam": initial_adam(critics)}
        if values.alpha is not None:
            return parts
        log_alpha = np.float32(math.log(values.initial_alpha))
        return parts | {"log_alpha": log_alpha, "alpha_adam": initial_adam(log_alpha)}

    def act(self, parts: Parts, observation: tf.Tensor, carry: Any, numbers: Any, clock: Clock, seed: Any) -> Acted:
        action, _ = self.sample(parts["actor"], observation, seed, draw=1)
        action, carry = self.with_noise(action, carry, numbers, seed)
        return Acted(action, {}, carry)

    def greedy(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        return tf.tanh(self.mean_and_log_std(parts["actor"], observation)[0])

    def update(
        self, parts: Parts, batch: Batch, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        alpha = tf.exp(parts["log_alpha"]) if numbers.alpha is None else numbers.alpha
        next_action, next_log_prob = self.sample(parts["actor"], batch.next_observation, seed)  # a' ~ pi(s')
        next_value = self.least_value(parts["critics_target"], batch.next_observation, next_action)
        target = batch.reward + batch.discount * (next_value - alpha * next_log_prob)  # y [B]
        with tf.GradientTape() as tape:
            tape.watch(parts["critics"])
            values = [self.value(critic, batch.observation, batch.action) for critic in parts["critics"].values()]
            critic_loss = tf.add_n([0.5 * tf.reduce_sum(batch.weight * tf.square(target - q)) for q in values])  # []
        gradient = tape.gradient(critic_loss, parts["critics"])
        rates = (numbers.learning_rate, numbers.adam_epsilon, numbers.gradient_clipping)
        critics, critics_adam = adam_step(parts["critics"], gradient, parts["critics_adam"], *rates)
        with tf.GradientTape() as tape:
            tape.watch(parts["actor"])
            action, log_prob = self.sample(parts["actor"], batch.observation, seed, draw=1)  # a ~ pi(s)
            value = self.least_value(critics, batch.observation, action)
            actor_loss = tf.reduce_sum(batch.weight * (alpha * log_prob - value))  # []
        gradient = tape.gradient(actor_loss, parts["actor"])
        rates = (actor_learning_rate(numbers), numbers.adam_epsilon, numbers.gradient_clipping)
        actor, actor_adam = adam_step(parts["actor"], gradient, parts["actor_adam"], *rates)
        is_due = (clock.num_updates + 1) % numbers.target_update_period == 0
        entropy = -tf.reduce_sum(batch.weight * log_prob)  # []
        return {
            "actor": actor,
            "actor_adam": actor_adam,
            "critics": critics,
            "critics_target": moved_target(parts["critics_target"], critics, numbers.target_update_tau, is_due),
            "critics_adam": critics_adam,
            **self.tuned(parts, entropy, numbers),
        }, {"critic_loss": critic_loss, "actor_loss": actor_loss, "alpha": alpha, "entropy": entropy}

    def tuned(self, parts: Parts, entropy: tf.Tensor, numbers: Any) -> Parts:
        """The temperature after a step down J = log(alpha) * (entropy - target entropy), if it is tuned."""
        if numbers.alpha is not None:
            return {}
        target = numbers.target_entropy if numbers.target_entropy is not None else -len(self.environment.action_low)
        rates = (numbers.learning_rate, numbers.adam_epsilon)
        log_alpha, adam = adam_step(parts["log_alpha"], entropy - target, parts["alpha_adam"], *rates)
        return {"log_alpha": log_alpha, "alpha_adam": adam}

    def sample(self, actor: Any, observation: tf.Tensor, seed: Any, draw: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
        """Draws actions a = tanh(u), u ~ N(mean, std) [B, A], and gives log pi(a|s) [B] (appendix C of the paper)."""
        mean, log_std = self.mean_and_log_std(actor, observation)
        epsilon = normal(seed, mean.shape, draw)  # [B, A]
        before = mean + tf.exp(log_std) * epsilon  # u [B, A]
        log_density = -0.5 * tf.square(epsilon) - log_std - 0.5 * math.log(2 * math.pi)  # log N(u) [B, A]
        log_slope = 2.0 * (math.log(2.0) - before - tf.nn.softplus(-2.0 * before))  # log(1 - tanh(u)^2) [B, A]
        return tf.tanh(before), tf.reduce_sum(log_density - log_slope, 1)

    def mean_and_log_std(self, actor: Any, observation: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Of the normal distribution before tanh. [B, A] each"""
        mean, log_std = tf.split(self.network(actor, observation), 2, 1)
        return mean, tf.clip_by_value(log_std, *LOG_STD_RANGE)

    def least_value(self, critics: Any, observation: tf.Tensor, action: tf.Tensor) -> tf.Tensor:
        """min(Q1(s, a), Q2(s, a)). [B]"""
        first, second = (self.value(critic, observation, action) for critic in critics.values())
        return tf.minimum(first, second)

    def value(self, critic: Any, observation: tf.Tensor, action: tf.Tensor) -> tf.Tensor:
        """Q(s, a). [B]"""
        return self.network(critic, observation, action)[:, 0]


class SAC(AgentModel):
    """A SAC agent: learns to get reward while acting as randomly as it can, from replayed experience."""

    hyperparameters = SACHyperparameters
    agent = SACAgent
    acts = "continuous"
