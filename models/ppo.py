"""PPO: improves its policy by many small steps on each rollout, none of which may go far.

J. Schulman, F. Wolski, P. Dhariwal, A. Radford, O. Klimov, "Proximal policy optimization algorithms", 2017,
https://arxiv.org/abs/1707.06347 (the clipped objective, equation 7); with the advantage estimation of J. Schulman,
P. Moritz, S. Levine, M. Jordan, P. Abbeel, "High-dimensional continuous control using generalized advantage
estimation", ICLR 2016, https://arxiv.org/abs/1506.02438.

Shapes: T steps, E environments, M rows of a minibatch, O numbers of observation.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from rliable.environments.runtime import tf
from rliable.schema import Problem, setting, with_default
from rliable.training.agent import Clock, Experience, Parts
from rliable.training.hyperparameters import OnPolicyHyperparameters
from rliable.training.model import AgentModel
from rliable.training.optimizer import linear
from rliable.training.policy_and_value import PolicyValueAgent, backwards


@dataclasses.dataclass(frozen=True)
class PPOHyperparameters(OnPolicyHyperparameters):
    """What `hp_params` may hold."""

    collect_steps_per_iteration: int = with_default(OnPolicyHyperparameters, "collect_steps_per_iteration", 256)
    num_environments: int = with_default(OnPolicyHyperparameters, "num_environments", 8)
    learning_rate: float = with_default(OnPolicyHyperparameters, "learning_rate", 3e-4)
    gradient_clipping: float | None = with_default(OnPolicyHyperparameters, "gradient_clipping", 0.5)
    batch_size: int = setting(
        64, "Rows of a minibatch; it divides the rollout.", unit="steps", low=1, high=10**6, compiles=True
    )
    num_epochs: int = setting(10, "How often each rollout is gone through.", unit="epochs", low=1, high=1000)
    gae_lambda: float = setting(
        0.95, "Weight of later rewards in the advantage: 0 for one step, 1 for all.", low=0, high=1
    )
    clip_range: float = setting(0.2, "How far the ratio of probabilities may go from 1.", above=0, high=10)
    clip_range_end: float | None = setting(
        None, "Clip range at the end of the training, to which it goes linearly; null to stay.", low=0, high=10
    )
    value_loss_weight: float = setting(0.5, "Weight of the value network's loss.", low=0, high=100)
    entropy_weight: float = setting(0.0, "Weight of the policy's entropy, which keeps it exploring.", low=0, high=10)

    def problems(self) -> list[Problem]:
        """What does not go together."""
        rows = self.collect_steps_per_iteration * self.num_environments
        if rows % self.batch_size == 0:
            return []
        fits = max(size for size in range(1, min(self.batch_size, rows) + 1) if rows % size == 0)
        words = f"{self.batch_size} does not divide the rollout of {rows} steps"
        return [Problem("batch_size", f"{words} (collect_steps_per_iteration * num_environments); {fits} would")]


class PPOAgent(PolicyValueAgent):
    """Policy gradients with a clipped objective."""

    losses = ("policy_loss", "value_loss", "entropy")

    @property
    def minibatch_size(self) -> int:
        size: int = self.shape.batch_size
        return size

    def num_epochs(self, numbers: Any) -> Any:
        return numbers.num_epochs

    def prepare(self, parts: Parts, rollout: Experience, numbers: Any) -> Any:
        value = rollout.extras["value"]  # V(s_t) [T, E]
        delta = rollout.reward + numbers.gamma * self.next_values(parts, rollout) - value
        goes_on = 1.0 - tf.cast(rollout.is_boundary, tf.float32)
        advantage = backwards(delta, numbers.gamma * numbers.gae_lambda * goes_on)  # A_t [T, E]
        return {
            "observation": rollout.observation,
            "action": rollout.action,
            "log_probability": rollout.extras["log_probability"],
            "advantage": advantage,
            "target": advantage + value,
        }

    def update(
        self, parts: Parts, batch: Any, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        advantage = batch["advantage"]  # [M]
        mean = tf.reduce_mean(advantage)
        variance = tf.reduce_sum(tf.square(advantage - mean)) / max(advantage.shape[0] - 1, 1)
        advantage = (advantage - mean) / (tf.sqrt(variance) + 1e-8)
        clip = linear(numbers.clip_range, numbers.clip_range_end, clock)
        trained = self.trained(parts)
        with tf.GradientTape() as tape:
            tape.watch(trained)
            policy = self.policy(trained, batch["observation"])
            ratio = tf.exp(policy.log_probability(batch["action"]) - batch["log_probability"])  # r [M]
            clipped = tf.clip_by_value(ratio, 1.0 - clip, 1.0 + clip)
            policy_loss = -tf.reduce_mean(tf.minimum(ratio * advantage, clipped * advantage))  # -L^CLIP []
            error = self.value(trained, batch["observation"]) - batch["target"]
            value_loss = tf.reduce_mean(tf.square(error))  # []
            entropy = tf.reduce_mean(policy.entropy())  # []
            loss = policy_loss + numbers.value_loss_weight * value_loss - numbers.entropy_weight * entropy
        learning_rate = linear(numbers.learning_rate, numbers.learning_rate_end, clock)
        parts = self.step(parts, tape.gradient(loss, trained), numbers, learning_rate)
        return parts, {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy}


class PPO(AgentModel):
    """A PPO agent: improves its policy by many small, clipped steps on each rollout."""

    hyperparameters = PPOHyperparameters
    agent = PPOAgent
