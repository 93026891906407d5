"""DQN: learns the value of each action from replayed experience.

V. Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015),
https://doi.org/10.1038/nature14236; with the options of H. van Hasselt, A. Guez, D. Silver, "Deep reinforcement
learning with double Q-learning", AAAI 2016, https://arxiv.org/abs/1509.06461 (`double`), and of multi-step returns as
in M. Hessel et al., "Rainbow", AAAI 2018, https://arxiv.org/abs/1710.02298 (`n_step`).

Shapes: E environments, B batch, O numbers of observation, A actions.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from typing import Any

from rliable.environments.random_numbers import uniform
from rliable.environments.runtime import tf
from rliable.schema import setting, with_default
from rliable.seeding import derive_seed
from rliable.training.agent import Acted, Batch, Clock, OffPolicyAgent, Parts, random_action
from rliable.training.hyperparameters import OffPolicyHyperparameters
from rliable.training.model import AgentModel
from rliable.training.optimizer import adam_step, initial_adam, moved_target
from rliable.training.shapes import padded_widths


@dataclasses.dataclass(frozen=True)
class QHyperparameters(OffPolicyHyperparameters):
    """What every agent may be told that learns the values of actions and explores epsilon-greedily."""

    fc_layer_params: list[int] | None = with_default(
        OffPolicyHyperparameters,
        "fc_layer_params",
        None,
        doc="Widths of the hidden layers of each network; null for one, of qnet_fc_hidden_size.",
    )
    qnet_fc_hidden_size: int = setting(
        100,
        "Width of the one hidden layer; unused where fc_layer_params is set.",
        unit="units",
        low=1,
        high=16384,
        compiles=padded_widths,
    )
    target_update_period: int = with_default(OffPolicyHyperparameters, "target_update_period", 100)
    target_update_tau: float = with_default(OffPolicyHyperparameters, "target_update_tau", 1.0)
    double: bool = setting(False, "Whether the online network chooses the next action (Double DQN).", compiles=True)
    epsilon_start: float = setting(1.0, "Probability of a random action after the initial steps.", low=0, high=1)
    epsilon_end: float = setting(0.1, "Probability of a random action at the end of the decay.", low=0, high=1)
    epsilon_decay_steps: int = setting(
        1000, "Steps over which it falls, linearly.", unit="environment steps", low=1, high=10**9
    )

    def as_trained(self) -> Any:
        """The one layer's width says nothing where the widths of all are given."""
        trained, default = super().as_trained(), QHyperparameters.qnet_fc_hidden_size
        return trained if self.fc_layer_params is None else dataclasses.replace(trained, qnet_fc_hidden_size=default)

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        return tuple(self.fc_layer_params or (self.qnet_fc_hidden_size,))

    @property
    def outputs_per_action(self) -> int:
        """Numbers that the network gives for each action."""
        return 1


@dataclasses.dataclass(frozen=True)
class DQNHyperparameters(QHyperparameters):
    """What `hp_params` may hold."""

    loss: str = setting(
        "mse",
        "Loss of the temporal-difference error: squared (mse), or huber, linear beyond 1.",
        choices=("huber", "mse"),
        compiles=True,
    )


class QAgent(OffPolicyAgent):
    """Q learning with a target network, exploring epsilon-greedily; says nothing of what is learned of each action."""

    acts_with = ("q",)

    def initial_parts(self, values: QHyperparameters, seed: int) -> Parts:
        num_outputs = self.environment.num_actions * values.outputs_per_action
        q = self.networks.initial(values, derive_seed(seed, "q"), num_outputs)
        return {"q": q, "q_target": q, "q_adam": initial_adam(q)}

    def act(self, parts: Parts, observation: tf.Tensor, carry: Any, numbers: Any, clock: Clock, seed: Any) -> Acted:
        any_action = random_action(self.environment, seed, observation.shape[0])  # [E]
        is_random = uniform(seed, [observation.shape[0]], draw=1) < epsilon_at(clock.num_steps, numbers)
        return Acted(tf.where(is_random, any_action, self.greedy(parts, observation)), {}, carry)

    def greedy(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        return tf.argmax(self.q_values(parts["q"], observation), 1, tf.int32)  # [B]

    def update(
        self, parts: Parts, batch: Batch, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        target = self.target(parts, batch, numbers)  # [B, …]
        with tf.GradientTape() as tape:
            tape.watch(parts["q"])
            loss = tf.reduce_sum(batch.weight * self.errors(parts["q"], batch, target))  # []
        gradient = tape.gradient(loss, parts["q"])
        q, adam = adam_step(
            parts["q"],
            gradient,
            parts["q_adam"],
            numbers.learning_rate,
            numbers.adam_epsilon,
            numbers.gradient_clipping,
        )
        is_due = (clock.num_updates + 1) % numbers.target_update_period == 0
        q_target = moved_target(parts["q_target"], q, numbers.target_update_tau, is_due)
        return {"q": q, "q_target": q_target, "q_adam": adam}, {"loss": loss}

    @abstractmethod
    def q_values(self, q: Any, observation: tf.Tensor) -> tf.Tensor:
        """A number for every action, the higher the better. [B, A]"""

    @abstractmethod
    def target(self, parts: Parts, batch: Batch, numbers: Any) -> tf.Tensor:
        """What the network is to give for the actions taken. [B, …]"""

    @abstractmethod
    def errors(self, q: Any, batch: Batch, target: tf.Tensor) -> tf.Tensor:
        """How far it is from that: the loss of each row. [B]"""


class DQNAgent(QAgent):
    """Learns the expected return of each action."""

    def q_values(self, q: Any, observation: tf.Tensor) -> tf.Tensor:
        return self.network(q, observation)

    def target(self, parts: Parts, batch: Batch, numbers: Any) -> tf.Tensor:
        return batch.reward + batch.discount * self.next_value(parts, batch)  # y [B]

    def errors(self, q: Any, batch: Batch, target: tf.Tensor) -> tf.Tensor:
        value = tf.gather(self.q_values(q, batch.observation), batch.action, batch_dims=1)  # Q(s, a) [B]
        return self.error(target - value)

    def next_value(self, parts: Parts, batch: Batch) -> tf.Tensor:
        """The value of the next state: max_a Q'(s', a), or Q'(s', argmax_a Q(s', a)) if double. [B]"""
        next_q = self.q_values(parts["q_target"], batch.next_observation)  # [B, A]
        if not self.shape.double:
            return tf.reduce_max(next_q, 1)
        chosen = tf.argmax(self.q_values(parts["q"], batch.next_observation), 1, tf.int32)
        return tf.gather(next_q, chosen, batch_dims=1)

    def error(self, difference: tf.Tensor) -> tf.Tensor:
        """The loss of each temporal-difference error. [B]"""
        if self.shape.loss == "mse":
            return tf.square(difference)
        size = tf.abs(difference)
        return tf.where(size <= 1.0, 0.5 * tf.square(difference), size - 0.5)


def epsilon_at(step: tf.Tensor, numbers: Any) -> tf.Tensor:
    """Probability of a random action at an environment step: linear from start to end, then constant."""
    fraction = tf.cast(step - numbers.warm_up_steps, tf.float32) / tf.cast(numbers.epsilon_decay_steps, tf.float32)
    slope = numbers.epsilon_end - numbers.epsilon_start
    return numbers.epsilon_start + slope * tf.clip_by_value(fraction, 0.0, 1.0)


class DQN(AgentModel):
    """A DQN agent: learns the value of each action from replayed experience."""

    hyperparameters = DQNHyperparameters
    agent = DQNAgent
    acts = "discrete"
