"""TF-Agents' DQN agents, with every number that a search may change in a variable, so that programs can be reused.

V. Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015),
https://doi.org/10.1038/nature14236; H. van Hasselt, A. Guez, D. Silver, "Deep reinforcement learning with double
Q-learning", AAAI 2016, https://arxiv.org/abs/1509.06461.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf
from tf_agents.agents.dqn.dqn_agent import DdqnAgent, DqnAgent
from tf_agents.networks.q_network import QNetwork
from tf_agents.utils import common

from rliable.environments.base import Environment
from rliable.training.specs import action_spec, time_step_spec

LOSSES: dict[str, Callable[..., tf.Tensor]] = {
    "huber": common.element_wise_huber_loss,
    "mse": common.element_wise_squared_loss,
}


@dataclasses.dataclass(frozen=True)
class DQNShape:
    """What decides the graph of an agent.

    Attributes:
      hidden_sizes: units of each hidden layer.
      double: whether the online network chooses the next action (Double DQN).
      loss: a key of `LOSSES`.
      clips_gradients: whether gradients are clipped.
    """

    hidden_sizes: tuple[int, ...]
    double: bool
    loss: str
    clips_gradients: bool


class DQNNumbers(tf.Module):
    """The numbers of an agent that may change without compiling anew: variables, set before a run.

    Attributes:
      gamma: the discount factor.
      learning_rate: of Adam.
      gradient_clipping: the largest norm of the gradient of one weight tensor.
      target_update_tau: how far the target network moves in one update of it, in (0, 1].
      target_update_period: updates of the network per update of the target network.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gamma = tf.Variable(0.99, trainable=False)
        self.learning_rate = tf.Variable(1e-3, trainable=False)
        self.gradient_clipping = tf.Variable(1.0, trainable=False)
        self.target_update_tau = tf.Variable(1.0, trainable=False)
        self.target_update_period = tf.Variable(1, trainable=False)

    def assign(self, **values: float) -> None:
        """Sets variables by name."""
        for name, value in values.items():
            getattr(self, name).assign(value)


class VariableTargetUpdate:
    """Mixin for TF-Agents' agents, whose own target update needs period and tau as constants."""

    def _get_target_updater(self, tau: tf.Variable, period: tf.Variable) -> Callable[[], None]:
        return functools.partial(self._move_target, tau, period)

    def _move_target(self: Any, tau: tf.Variable, period: tf.Variable) -> None:
        """Every `period` updates: target = (1 - tau) * target + tau * online. Called at the end of each update."""
        is_due = self.train_step_counter % tf.cast(period, tf.int64) == 0
        step = tf.where(is_due, tau, 0.0)
        for online, target in zip(self._q_network.variables, self._target_q_network.variables, strict=True):
            target.assign((1.0 - step) * target + step * online)


class VariableDqnAgent(VariableTargetUpdate, DqnAgent):
    """DQN."""


class VariableDdqnAgent(VariableTargetUpdate, DdqnAgent):
    """Double DQN."""


def make_q_network(environment: Environment, hidden_sizes: tuple[int, ...]) -> QNetwork:
    """A fully connected Q network with its variables created."""
    observation_spec = time_step_spec(environment).observation
    network = QNetwork(observation_spec, action_spec(environment), fc_layer_params=hidden_sizes)
    network.create_variables(observation_spec)
    return network


class LocalAdam(tf.keras.optimizers.legacy.Adam):
    """Adam (Kingma and Ba 2015, arXiv:1412.6980) for one device.

    Summing gradients over devices, Keras' default, leaves every traced graph behind in TensorFlow's registry of
    gradients, for the life of the process.
    """

    def apply_gradients(self, grads_and_vars: Any, name: str | None = None, **_: Any) -> Any:
        return super().apply_gradients(grads_and_vars, name, experimental_aggregate_gradients=False)


class DQNParts(NamedTuple):
    """An agent and what it was put together from; the loop uses the agent, a run sets the variables of the rest."""

    agent: DqnAgent
    network: QNetwork
    target_network: QNetwork
    optimizer: tf.keras.optimizers.legacy.Optimizer
    numbers: DQNNumbers


def make_dqn_agent(environment: Environment, shape: DQNShape) -> DQNParts:
    """An agent with the optimizer's slots created; its weights are still to be assigned."""
    numbers = DQNNumbers()
    network, target = (make_q_network(environment, shape.hidden_sizes) for _ in range(2))
    optimizer = LocalAdam(numbers.learning_rate)
    optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in network.trainable_variables])
    agent = (VariableDdqnAgent if shape.double else VariableDqnAgent)(
        time_step_spec(environment),
        action_spec(environment),
        network,
        optimizer,
        epsilon_greedy=None,  # exploration is the loop's
        target_q_network=target,
        target_update_tau=numbers.target_update_tau,
        target_update_period=numbers.target_update_period,
        td_errors_loss_fn=LOSSES[shape.loss],
        gamma=numbers.gamma,
        gradient_clipping=numbers.gradient_clipping if shape.clips_gradients else None,
        train_step_counter=tf.Variable(0, dtype=tf.int64, trainable=False),
    )
    return DQNParts(agent, network, target, optimizer, numbers)
