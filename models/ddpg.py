"""DDPG: a network that acts climbs the value that another one, learned from replayed experience, gives its actions.

T. P. Lillicrap et al., "Continuous control with deep reinforcement learning", ICLR 2016,
https://arxiv.org/abs/1509.02971; with normal noise as an alternative to Ornstein-Uhlenbeck's, and without the paper's
weight decay.

Shapes: E environments, B batch, O numbers of observation, A numbers of an action.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from rliable.environments.runtime import tf
from rliable.seeding import derive_seed
from rliable.training.agent import Acted, Batch, Clock, Parts
from rliable.training.exploration import NoisyAgent, NoisyHyperparameters, actor_learning_rate
from rliable.training.model import AgentModel
from rliable.training.optimizer import adam_step, initial_adam, moved_target


@dataclasses.dataclass(frozen=True)
class DDPGHyperparameters(NoisyHyperparameters):
    """What `hp_params` may hold."""


class DDPGAgent(NoisyAgent):
    """A deterministic actor mu(s) and a critic Q(s, a), each with a target network."""

    acts_with = ("actor",)
    losses = ("critic_loss", "actor_loss")

    def initial_parts(self, values: Any, seed: int) -> Parts:
        size = len(self.environment.action_low)
        actor = self.networks.initial(values, derive_seed(seed, "actor"), size)
        critic = self.networks.initial(values, derive_seed(seed, "critic"), 1, size)
        return {
            "actor": actor,
            "actor_target": actor,
            "actor_adam": initial_adam(actor),
            "critic": critic,
            "critic_target": critic,
            "critic_adam": initial_adam(critic),
        }

    def act(self, parts: Parts, observation: tf.Tensor, carry: Any, numbers: Any, clock: Clock, seed: Any) -> Acted:
        action, carry = self.with_noise(self.greedy(parts, observation), carry, numbers, seed)
        return Acted(action, {}, carry)

    def greedy(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        return self.action(parts["actor"], observation)

    def update(
        self, parts: Parts, batch: Batch, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        next_action = self.action(parts["actor_target"], batch.next_observation)  # mu'(s') [B, A]
        next_value = self.value(parts["critic_target"], batch.next_observation, next_action)  # Q'(s', mu'(s')) [B]
        target = batch.reward + batch.discount * next_value  # y [B]
        with tf.GradientTape() as tape:
            tape.watch(parts["critic"])
            error = target - self.value(parts["critic"], batch.observation, batch.action)  # [B]
            critic_loss = tf.reduce_sum(batch.weight * tf.square(error))  # []
        gradient = tape.gradient(critic_loss, parts["critic"])
        rates = (numbers.learning_rate, numbers.adam_epsilon, numbers.gradient_clipping)
        critic, critic_adam = adam_step(parts["critic"], gradient, parts["critic_adam"], *rates)
        with tf.GradientTape() as tape:
            tape.watch(parts["actor"])
            action = self.action(parts["actor"], batch.observation)  # mu(s) [B, A]
            actor_loss = -tf.reduce_sum(batch.weight * self.value(critic, batch.observation, action))  # []
        gradient = tape.gradient(actor_loss, parts["actor"])
        rates = (actor_learning_rate(numbers), numbers.adam_epsilon, numbers.gradient_clipping)
        actor, actor_adam = adam_step(parts["actor"], gradient, parts["actor_adam"], *rates)
        is_due = (clock.num_updates + 1) % numbers.target_update_period == 0
        return {
            "actor": actor,
            "actor_target": moved_target(parts["actor_target"], actor, numbers.target_update_tau, is_due),
            "actor_adam": actor_adam,
            "critic": critic,
            "critic_target": moved_target(parts["critic_target"], critic, numbers.target_update_tau, is_due),
            "critic_adam": critic_adam,
        }, {"critic_loss": critic_loss, "actor_loss": actor_loss}

    def action(self, actor: Any, observation: tf.Tensor) -> tf.Tensor:
        """mu(s). [B, A]"""
        return tf.tanh(self.network(actor, observation))

    def value(self, critic: Any, observation: tf.Tensor, action: tf.Tensor) -> tf.Tensor:
        """Q(s, a). [B]"""
        return self.network(critic, observation, action)[:, 0]


class DDPG(AgentModel):
    """A DDPG agent: learns the value of continuous actions from replayed experience, and a network that climbs it."""

    hyperparameters = DDPGHyperparameters
    agent = DDPGAgent
    acts = "continuous"
