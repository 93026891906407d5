"""PPO: improves a stochastic policy in steps that stay close to the policy which gathered the experience.

J. Schulman, F. Wolski, P. Dhariwal, A. Radford, O. Klimov, "Proximal policy optimization algorithms" (2017),
https://arxiv.org/abs/1707.06347; with the advantages of J. Schulman et al., "High-dimensional continuous control using
generalized advantage estimation", ICLR 2016, https://arxiv.org/abs/1506.02438.

Shapes: T steps, E environments, N = T·E, M rows of a minibatch, O numbers of observation, A numbers of an action.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from rliable.environments.runtime import tf
from rliable.schema import setting, with_default
from rliable.training.actor_critic import ActorCritic, scheduled, standardised
from rliable.training.agent import Clock, Experience, Parts
from rliable.training.hyperparameters import OnPolicyHyperparameters
from rliable.training.model import AgentModel
from rliable.training.returns import advantages


@dataclasses.dataclass(frozen=True)
class PPOHyperparameters(OnPolicyHyperparameters):
    """What `hp_params` may hold."""

    num_epochs: int = with_default(OnPolicyHyperparameters, "num_epochs", 10)
    batch_size: int | None = with_default(OnPolicyHyperparameters, "batch_size", 64)
    gae_lambda: float = setting(
        0.95, "How far advantages follow rewards (1) rather than the value function (0).", low=0, high=1
    )
    clip_range: float = setting(
        0.2, "How far the probability of an action may move from what it was, as a share.", above=0, high=10
    )
    clip_range_end: float | None = setting(
        None, "The same at the end of the training, reached linearly; null for no change.", low=0, high=10
    )


class PPOBatch(NamedTuple):
    """What there is to learn of each step of a rollout; [T, E, …], or [M, …] in a minibatch.

    Attributes:
      observation: float32 [M, O]
      action: int32 [M] or float32 [M, A]
      log_probability: of the action when it was taken. float32 [M]
      advantage: how much better it was than the policy on average. float32 [M]
      target: what the value of the observation should have been. float32 [M]
    """

    observation: tf.Tensor
    action: tf.Tensor
    log_probability: tf.Tensor
    advantage: tf.Tensor
    target: tf.Tensor


class PPOAgent(ActorCritic):
    """An actor-critic agent with a clipped objective."""

    losses = ("loss", "policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction")

    def prepare(self, parts: Parts, rollout: Experience, numbers: Any) -> PPOBatch:
        networks = parts["networks"]
        value = self.values_of_steps(networks, rollout.observation)  # [T, E]
        next_value = self.values_of_steps(networks, rollout.next_observation)  # [T, E]
        advantage = advantages(
            rollout.reward,
            value,
            next_value,
            rollout.terminated,
            rollout.is_boundary,
            numbers.gamma,
            numbers.gae_lambda,
        )
        log_probability = self.log_probability_of_steps(networks, rollout)  # [T, E]
        return PPOBatch(rollout.observation, rollout.action, log_probability, advantage, advantage + value)

    def update(
        self, parts: Parts, batch: PPOBatch, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        clip_range = scheduled(numbers.clip_range, numbers.clip_range_end, clock.progress)
        with tf.GradientTape() as tape:
            tape.watch(parts["networks"])
            figures = self.figures(parts["networks"], batch, numbers, clip_range)
        gradients = tape.gradient(figures["loss"], parts["networks"])
        return self.descend(parts, gradients, numbers), figures

    def figures(self, networks: dict[str, Any], batch: PPOBatch, numbers: Any, clip_range: Any) -> dict[str, tf.Tensor]:
        """The loss (equation 9 of the paper, to be minimised), what it consists of, and how far the policy moved."""
        policy = self.policy(networks, batch.observation)
        advantage = batch.advantage
        if self.shape.normalize_advantage:
            weight = tf.ones_like(advantage) / advantage.shape[0]
            advantage = standardised(advantage, weight)  # [M]
        log_ratio = policy.log_probability(batch.action) - batch.log_probability
        ratio = tf.exp(log_ratio)  # r(theta) [M]
        clipped = tf.clip_by_value(ratio, 1 - clip_range, 1 + clip_range)
        policy_loss = -tf.reduce_mean(tf.minimum(ratio * advantage, clipped * advantage))  # equation 7
        value_loss = tf.reduce_mean(tf.square(self.value(networks, batch.observation) - batch.target))
        entropy = tf.reduce_mean(policy.entropy())
        return {
            "loss": policy_loss + numbers.value_loss_weight * value_loss - numbers.entropy_weight * entropy,
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": entropy,
            "approx_kl": tf.reduce_mean(ratio - 1 - log_ratio),
            "clip_fraction": tf.reduce_mean(tf.cast(tf.abs(ratio - 1) > clip_range, tf.float32)),
        }

    def log_probability_of_steps(self, networks: dict[str, Any], rollout: Experience) -> tf.Tensor:
        """The logarithms of the probabilities with which the actions of a rollout were taken. [T, E]"""
        observation = tf.reshape(rollout.observation, [self.num_rows, *rollout.observation.shape[2:]])  # [N, O]
        action = tf.reshape(rollout.action, [self.num_rows, *rollout.action.shape[2:]])
        return tf.reshape(self.policy(networks, observation).log_probability(action), rollout.reward.shape)


class PPO(AgentModel):
    """A PPO agent: improves its policy in steps that stay close to the one which gathered the experience."""

    hyperparameters = PPOHyperparameters
    agent = PPOAgent
