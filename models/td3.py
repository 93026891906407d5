"""TD3: DDPG with twin critics, smoothed targets, and an actor that follows its critics with delay.

S. Fujimoto, H. van Hoof, D. Meger, "Addressing function approximation error in actor-critic methods", ICML 2018,
https://arxiv.org/abs/1802.09477.

Shapes: E environments, B batch, O numbers of observation, A numbers of an action.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from models.ddpg import DDPGAgent, DDPGHyperparameters
from rliable.environments.random_numbers import normal
from rliable.environments.runtime import tf
from rliable.schema import setting
from rliable.seeding import derive_seed
from rliable.training.agent import Batch, Clock, Parts
from rliable.training.exploration import actor_learning_rate
from rliable.training.model import AgentModel
from rliable.training.optimizer import adam_step, initial_adam, moved_target


@dataclasses.dataclass(frozen=True)
class TD3Hyperparameters(DDPGHyperparameters):
    """What `hp_params` may hold; target_update_period counts updates of the actor."""

    policy_delay: int = setting(
        2, "How often actor and target networks are updated.", unit="updates of the critics", low=1, high=10**6
    )
    target_noise_std: float = setting(
        0.2, "Standard deviation of the noise added to the target's actions.", low=0, high=10
    )
    target_noise_clip: float = setting(0.5, "Largest size of that noise.", low=0, high=2)


class TD3Agent(DDPGAgent):
    """A deterministic actor mu(s) and two critics Q1(s, a), Q2(s, a), each with a target network."""

    def initial_parts(self, values: Any, seed: int) -> Parts:
        size = len(self.environment.action_low)
        actor = self.networks.initial(values, derive_seed(seed, "actor"), size)
        critics = {name: self.networks.initial(values, derive_seed(seed, name), 1, size) for name in ("q1", "q2")}
        return {
            "actor": actor,
            "actor_target": actor,
            "actor_adam": initial_adam(actor),
            "critics": critics,
            "critics_target": critics,
            "critics_adam": initial_adam(critics),
        }

    def update(
        self, parts: Parts, batch: Batch, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        target = batch.reward + batch.discount * self.next_value(parts, batch, numbers, seed)  # y [B]
        with tf.GradientTape() as tape:
            tape.watch(parts["critics"])
            values = [self.value(critic, batch.observation, batch.action) for critic in parts["critics"].values()]
            critic_loss = tf.add_n([tf.reduce_sum(batch.weight * tf.square(target - q)) for q in values])  # []
        gradient = tape.gradient(critic_loss, parts["critics"])
        rates = (numbers.learning_rate, numbers.adam_epsilon, numbers.gradient_clipping)
        critics, adam = adam_step(parts["critics"], gradient, parts["critics_adam"], *rates)
        parts = parts | {"critics": critics, "critics_adam": adam}
        followers = {name: parts[name] for name in ("actor", "actor_adam", "actor_target", "critics_target")}
        count = clock.num_updates + 1
        followers, actor_loss = tf.cond(
            count % numbers.policy_delay == 0,
            lambda: self.followed(parts, batch, numbers, tf.truncatediv(count, numbers.policy_delay)),
            lambda: (followers, tf.constant(0.0)),
        )
        return parts | followers, {"critic_loss": critic_loss, "actor_loss": actor_loss}

    def next_value(self, parts: Parts, batch: Batch, numbers: Any, seed: tf.Tensor) -> tf.Tensor:
        """min(Q1'(s', a'), Q2'(s', a')), where a' = mu'(s') + clip(epsilon, -c, c), cut off at [-1, 1]. [B]"""
        action = self.action(parts["actor_target"], batch.next_observation)  # mu'(s') [B, A]
        noise = numbers.target_noise_std * normal(seed, action.shape)  # epsilon [B, A]
        noise = tf.clip_by_value(noise, -numbers.target_noise_clip, numbers.target_noise_clip)
        action = tf.clip_by_value(action + noise, -1.0, 1.0)  # a' [B, A]
        first, second = parts["critics_target"].values()
        return tf.minimum(
            self.value(first, batch.next_observation, action), self.value(second, batch.next_observation, action)
        )

    def followed(self, parts: Parts, batch: Batch, numbers: Any, count: tf.Tensor) -> tuple[Parts, tf.Tensor]:
        """The actor's update number `count`, and the targets after it.

        Returns:
          The parts that change, and the actor's loss: also for the updates that passed it by, so that the mean over
          all updates is right.
        """
        with tf.GradientTape() as tape:
            tape.watch(parts["actor"])
            action = self.action(parts["actor"], batch.observation)  # mu(s) [B, A]
            value = self.value(parts["critics"]["q1"], batch.observation, action)  # Q1(s, mu(s)) [B]
            loss = -tf.reduce_sum(batch.weight * value)  # []
        gradient = tape.gradient(loss, parts["actor"])
        rates = (actor_learning_rate(numbers), numbers.adam_epsilon, numbers.gradient_clipping)
        actor, adam = adam_step(parts["actor"], gradient, parts["actor_adam"], *rates)
        tau, is_due = numbers.target_update_tau, count % numbers.target_update_period == 0
        followers = {
            "actor": actor,
            "actor_adam": adam,
            "actor_target": moved_target(parts["actor_target"], actor, tau, is_due),
            "critics_target": moved_target(parts["critics_target"], parts["critics"], tau, is_due),
        }
        return followers, loss * tf.cast(numbers.policy_delay, tf.float32)


class TD3(AgentModel):
    """A TD3 agent: DDPG with twin critics, smoothed targets, and an actor that follows with delay."""

    hyperparameters = TD3Hyperparameters
    agent = TD3Agent
    acts = "continuous"
