"""REINFORCE: makes actions more likely that were followed by more reward than expected.

R. J. Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning", Machine
Learning 8 (1992), https://doi.org/10.1007/BF00992696; the expectation, its reinforcement baseline, is a learned value
of what the agent sees.

Shapes: T steps, E environments, M rows of an update, O numbers of observation, A numbers of an action.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from rliable.environments.runtime import tf
from rliable.schema import with_default
from rliable.training.actor_critic import ActorCritic, standardised
from rliable.training.agent import Clock, Experience, Parts
from rliable.training.hyperparameters import OnPolicyHyperparameters
from rliable.training.model import AgentModel
from rliable.training.returns import returns_of_episodes


@dataclasses.dataclass(frozen=True)
class REINFORCEHyperparameters(OnPolicyHyperparameters):
    """What `hp_params` may hold."""

    collect_steps_per_iteration: int = with_default(
        OnPolicyHyperparameters,
        "collect_steps_per_iteration",
        2048,
        doc="Steps taken in each environment in each iteration; of them, those are learned from (share_of_steps) whose "
        "episode ends among them, so take several times the length of an episode.",
    )
    learning_rate: float = with_default(OnPolicyHyperparameters, "learning_rate", 1e-3)


class REINFORCEBatch(NamedTuple):
    """What there is to learn of each step of a rollout; [T, E, …], or [M, …] in an update.

    Attributes:
      observation: float32 [M, O]
      action: int32 [M] or float32 [M, A]
      episode_return: the discounted sum of the rewards from here to the end of the episode. float32 [M]
      counts: whether the episode ends within the rollout, so that the sum is known. bool [M]
    """

    observation: tf.Tensor
    action: tf.Tensor
    episode_return: tf.Tensor
    counts: tf.Tensor


class REINFORCEAgent(ActorCritic):
    """A policy gradient with whole returns and a value function as their baseline."""

    losses = ("loss", "policy_loss", "value_loss", "entropy", "share_of_steps")

    def prepare(self, parts: Parts, rollout: Experience, numbers: Any) -> REINFORCEBatch:
        next_value = self.values_of_steps(parts["networks"], rollout.next_observation)  # [T, E]
        sums, counts = returns_of_episodes(
            rollout.reward, next_value, rollout.terminated, rollout.is_boundary, numbers.gamma
        )
        return REINFORCEBatch(rollout.observation, rollout.action, sums, counts)

    def update(
        self, parts: Parts, batch: REINFORCEBatch, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        with tf.GradientTape() as tape:
            tape.watch(parts["networks"])
            figures = self.figures(parts["networks"], batch, numbers)
        gradients = tape.gradient(figures["loss"], parts["networks"])
        moved = self.descend(parts, gradients, numbers)
        is_any = tf.reduce_any(batch.counts)  # else the optimizer's momentum alone would move the weights
        return tf.nest.map_structure(lambda new, old: tf.where(is_any, new, old), moved, parts), figures

    def figures(self, networks: dict[str, Any], batch: REINFORCEBatch, numbers: Any) -> dict[str, tf.Tensor]:
        """The loss, to be minimised, what it consists of, and the share of the steps that count."""
        counts = tf.cast(batch.counts, tf.float32)
        weight = counts / tf.maximum(tf.reduce_sum(counts), 1.0)  # [M]
        policy, value = self.policy(networks, batch.observation), self.value(networks, batch.observation)
        advantage = batch.episode_return - tf.stop_gradient(value)  # r - b of the paper [M]
        if self.shape.normalize_advantage:
            advantage = standardised(advantage, weight)
        policy_loss = -tf.reduce_sum(weight * advantage * policy.log_probability(batch.action))
        value_loss = tf.reduce_sum(weight * tf.square(value - batch.episode_return))
        entropy = tf.reduce_sum(weight * policy.entropy())
        return {
            "loss": policy_loss + numbers.value_loss_weight * value_loss - numbers.entropy_weight * entropy,
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": entropy,
            "share_of_steps": tf.reduce_mean(counts),
        }


class REINFORCE(AgentModel):
    """A REINFORCE agent: makes actions more likely that were followed by more reward than expected."""

    hyperparameters = REINFORCEHyperparameters
    agent = REINFORCEAgent
