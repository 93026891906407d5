"""REINFORCE: makes actions likelier by how much better they went than expected.

R. J. Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning", Machine
Learning 8 (1992), https://doi.org/10.1007/BF00992696; with a value network as its baseline (R. S. Sutton, A. G. Barto,
"Reinforcement learning: an introduction", 2nd edition 2018, section 13.4).

Shapes: T steps, E environments, N = T·E, O numbers of observation.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from rliable.environments.runtime import tf
from rliable.schema import setting, with_default
from rliable.training.agent import Clock, Experience, Parts
from rliable.training.hyperparameters import OnPolicyHyperparameters
from rliable.training.model import AgentModel
from rliable.training.optimizer import linear
from rliable.training.policy_and_value import PolicyValueAgent, backwards


@dataclasses.dataclass(frozen=True)
class REINFORCEHyperparameters(OnPolicyHyperparameters):
    """What `hp_params` may hold."""

    collect_steps_per_iteration: int = with_default(OnPolicyHyperparameters, "collect_steps_per_iteration", 1000)
    normalize_advantages: bool = setting(
        True, "Whether advantages are given mean 0 and standard deviation 1 in each update.", compiles=True
    )
    value_loss_weight: float = setting(0.5, "Weight of the value network's loss.", low=0, high=100)
    entropy_weight: float = setting(0.0, "Weight of the policy's entropy, which keeps it exploring.", low=0, high=10)


class REINFORCEAgent(PolicyValueAgent):
    """Policy gradients from whole episodes, with a learned baseline."""

    losses = ("policy_loss", "value_loss", "entropy")

    def prepare(self, parts: Parts, rollout: Experience, numbers: Any) -> Any:
        ends = tf.cast(rollout.is_boundary, tf.float32)  # [T, E]
        bootstrap = numbers.gamma * self.next_values(parts, rollout) * ends  # V(s_T) where cut, 0 where terminated
        returns = backwards(rollout.reward + bootstrap, numbers.gamma * (1.0 - ends))  # G_t [T, E]
        is_complete = backwards(ends, 1.0 - ends)  # 1 where the episode ends within the rollout, else 0 [T, E]
        return {
            "observation": rollout.observation,
            "action": rollout.action,
            "return": returns,
            "advantage": returns - rollout.extras["value"],
            "weight": is_complete,
        }

    def update(
        self, parts: Parts, batch: Any, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        share = batch["weight"] / tf.maximum(tf.reduce_sum(batch["weight"]), 1.0)  # [N]
        advantage = batch["advantage"]
        if self.shape.normalize_advantages:
            centred = advantage - tf.reduce_sum(share * advantage)
            advantage = centred / (tf.sqrt(tf.reduce_sum(share * tf.square(centred))) + 1e-8)
        trained = self.trained(parts)
        with tf.GradientTape() as tape:
            tape.watch(trained)
            policy = self.policy(trained, batch["observation"])
            log_probability = policy.log_probability(batch["action"])  # log π(a|s) [N]
            policy_loss = -tf.reduce_sum(share * log_probability * advantage)  # []
            error = self.value(trained, batch["observation"]) - batch["return"]
            value_loss = tf.reduce_sum(share * tf.square(error))  # []
            entropy = tf.reduce_sum(share * policy.entropy())  # []
            loss = policy_loss + numbers.value_loss_weight * value_loss - numbers.entropy_weight * entropy
        learning_rate = linear(numbers.learning_rate, numbers.learning_rate_end, clock)
        parts = self.step(parts, tape.gradient(loss, trained), numbers, learning_rate)
        return parts, {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy}


class REINFORCE(AgentModel):
    """A REINFORCE agent: makes actions likelier by how much better they went than expected."""

    hyperparameters = REINFORCEHyperparameters
    agent = REINFORCEAgent
