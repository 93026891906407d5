"""One DQN update against numbers computed by hand, by NumPy, and by TF-Agents.

Shapes: B batch, H hidden units, O numbers of observation, A actions.
"""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.agents.dqn.dqn_agent import DdqnAgent, DqnAgent
from tf_agents.networks.sequential import Sequential
from tf_agents.trajectories import time_step, trajectory
from tf_agents.utils import common

from models.dqn import DQNAgent, DQNHyperparameters, epsilon_at
from rliable.environments.cartpole import CartPole
from rliable.training.agent import Batch, Clock
from rliable.training.networks.dense import filled_up
from rliable.training.optimizer import initial_adam
from rliable.training.policy import action_spec, time_step_spec
from rliable.training.shapes import numbers_of, shape_of

LEARNING_RATE, GAMMA = 0.01, 0.5
SEED = tf.constant([1, 2])

#: A network's kernels and biases, in turn.
Weights = list[np.ndarray]


class Case:
    """An agent with one hidden layer, and its update as a compiled program.

    Args:
      hp_params: changed hyperparameters.
    """

    def __init__(self, **hp_params: Any) -> None:
        settings = {"train_iterations": 10, "learning_rate": LEARNING_RATE, "gamma": GAMMA, "fc_layer_params": [3]}
        values = DQNHyperparameters(**settings | hp_params)
        self.agent = DQNAgent(CartPole("test", 200), shape_of(values))
        self.numbers = numbers_of(values)
        self.unset = {name: value for name, value in shape_of(values) if value is None}
        self._update = tf.function(self._compute, jit_compile=True, autograph=False)

    def parts(self, online: Weights, target: Weights) -> dict[str, Any]:
        q = layers(online)
        return {"q": q, "q_target": layers(target), "q_adam": initial_adam(q)}

    def update(self, parts: Any, batch: Batch, count: int = 0) -> tuple[Any, float]:
        """The parts after update number `count`, and the loss."""
        parts, losses = self._update(parts, batch, tf.constant(count))
        return parts, float(losses["loss"])

    def _compute(self, parts: Any, batch: Batch, count: tf.Tensor) -> Any:
        numbers = SimpleNamespace(**self.unset, **self.numbers)
        return self.agent.update(parts, batch, numbers, Clock(count, count, tf.constant(0.0)), SEED)


def layers(weights: Weights) -> dict[str, Any]:
    """The parameters of a network of these weights, its hidden layer filled up as it is compiled."""
    kernel, bias, last, last_bias = weights
    hidden = {"kernel": filled_up(kernel, len(kernel), 32), "bias": filled_up(bias, 32)}
    return {"layer_0": hidden, "layer_1": {"kernel": filled_up(last, 32, 2), "bias": filled_up(last_bias, 2)}}


def weights_of(parameters: Any) -> Weights:
    """The weights of a network with 3 hidden units; those that fill it up must be zero."""
    hidden, last = ({name: np.asarray(part) for name, part in layer.items()} for layer in parameters.values())
    assert not hidden["kernel"][:, 3:].any() and not hidden["bias"][3:].any() and not last["kernel"][3:].any()
    return [hidden["kernel"][:, :3], hidden["bias"][:3], last["kernel"][:3], last["bias"]]


def constant_q(values: list[float]) -> Weights:
    """Weights of a network that gives the same Q values for every observation."""
    return [np.zeros((4, 3)), np.zeros(3), np.zeros((3, 2)), np.array(values)]


def one_transition(reward: float, discount: float) -> Batch:
    """One transition, which 15 others of no weight fill up."""
    weight = np.eye(1, 16, dtype=np.float32)[0]
    observation, rewards = tf.ones([16, 4]), tf.constant([reward] + [100.0] * 15)
    return Batch(observation, tf.zeros([16], tf.int32), rewards, tf.fill([16], discount), observation, weight)


@pytest.mark.parametrize(
    ("double", "loss", "reward", "discount", "expected"),
    [
        # online Q = (1, 2), target Q = (20, 10), gamma = 0.5, action 0
        (False, "mse", 1.0, 0.5, 100.0),  # target 1 + 0.5 * max(20, 10) = 11, error 10
        (False, "huber", 1.0, 0.5, 9.5),  # |10| - 0.5
        (True, "mse", 1.0, 0.5, 25.0),  # online prefers action 1: target 1 + 0.5 * 10 = 6, error 5
        (True, "huber", 1.0, 0.5, 4.5),
        (False, "mse", 3.0, 0.0, 4.0),  # terminated: target 3, error 2
        (False, "huber", 1.5, 0.0, 0.125),  # target 1.5, error 0.5, within the quadratic part
        (False, "mse", 1.0, 0.125, 6.25),  # three steps: discount 0.5**3, target 1 + 0.125 * 20 = 3.5
    ],
)
def test_loss_by_hand(double: bool, loss: str, reward: float, discount: float, expected: float) -> None:
    case = Case(double=double, loss=loss)
    parts = case.parts(constant_q([1.0, 2.0]), constant_q([20.0, 10.0]))
    parts, found = case.update(parts, one_transition(reward, discount))
    assert found == pytest.approx(expected, rel=1e-6)
    # the first step of Adam has the length of the learning rate, against the gradient; action 1 was not taken
    assert weights_of(parts["q"])[-1] == pytest.approx([1.0 + LEARNING_RATE, 2.0], rel=1e-6)


def forward(weights: Weights, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hidden units [B, H] and Q values [B, A]."""
    hidden = np.maximum(observation @ weights[0] + weights[1], 0)
    return hidden, hidden @ weights[2] + weights[3]


def loss_and_gradients(
    online: Weights, target: Weights, batch: Batch, double: bool, loss: str
) -> tuple[float, Weights]:
    """The loss and its gradient for a network with one hidden layer, from the definitions."""
    rows = Batch(*(np.asarray(field, np.float64) for field in batch))
    index, actions = np.arange(len(rows.action)), rows.action.astype(int)
    hidden, q_values = forward(online, rows.observation)
    next_target = forward(target, rows.next_observation)[1]
    chooser = forward(online, rows.next_observation)[1] if double else next_target
    bootstrap = next_target[index, chooser.argmax(1)]
    error = rows.reward + rows.discount * bootstrap - q_values[index, actions]
    huber = np.where(np.abs(error) <= 1, 0.5 * error**2, np.abs(error) - 0.5)
    value = np.sum(rows.weight * (error**2 if loss == "mse" else huber))
    slope = np.zeros_like(q_values)
    slope[index, actions] = -rows.weight * (2 * error if loss == "mse" else np.clip(error, -1, 1))
    hidden_slope = (slope @ online[2].T) * (hidden > 0)
    return value, [rows.observation.T @ hidden_slope, hidden_slope.sum(0), hidden.T @ slope, slope.sum(0)]


def random_case(seed: int, num_rows: int = 12) -> tuple[Weights, Weights, Batch]:
    """Online and target weights, and a batch filled up to 16 that holds terminated, cut and n-step transitions."""
    random = np.random.default_rng(seed)
    online, target = ([random.normal(size=shape) for shape in ((4, 3), 3, (3, 2), 2)] for _ in range(2))
    batch = Batch(
        tf.constant(random.normal(size=(16, 4)), tf.float32),
        tf.constant(random.integers(2, size=16), tf.int32),
        tf.constant(random.normal(size=16), tf.float32),
        tf.constant(random.choice([0.0, GAMMA, GAMMA**2, GAMMA**3], size=16), tf.float32),
        tf.constant(random.normal(size=(16, 4)), tf.float32),
        tf.constant(np.where(np.arange(16) < num_rows, 1 / num_rows, 0), tf.float32),
    )
    return online, target, batch


@pytest.mark.parametrize(
    ("double", "loss", "max_norm"), [*itertools.product([False, True], ["mse", "huber"], [None]), (False, "mse", 0.1)]
)
def test_two_updates_match_numpy(double: bool, loss: str, max_norm: float | None) -> None:
    """NumPy has 3 hidden units and 12 rows, where the program has 32 and 16."""
    online, target, batch = random_case(seed=1)
    true_batch = Batch(*(field[:12] for field in batch))
    changes = {"target_update_period": 2, "target_update_tau": 0.25, "adam_epsilon": 1e-7}
    case = Case(double=double, loss=loss, gradient_clipping=max_norm, **changes)
    parts = case.parts(online, target)
    first, second = [np.zeros_like(w) for w in online], [np.zeros_like(w) for w in online]
    for step in (1, 2):
        value, gradients = loss_and_gradients(online, target, true_batch, double, loss)
        if max_norm is not None:
            norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
            assert norm > 2 * max_norm
            gradients = [g * max_norm / norm for g in gradients]
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
        second = [0.999 * v + 0.001 * g**2 for v, g in zip(second, gradients, strict=True)]
        steps = [
            (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-7) for m, v in zip(first, second, strict=True)
        ]
        online = [w - LEARNING_RATE * s for w, s in zip(online, steps, strict=True)]
        parts, found = case.update(parts, batch, count=step - 1)
        assert found == pytest.approx(value, rel=1e-5)
        target = target if step == 1 else [0.25 * w + 0.75 * t for w, t in zip(online, target, strict=True)]
        assert_weights(parts["q"], online)
        assert_weights(parts["q_target"], target)


def assert_weights(parameters: Any, expected: Weights) -> None:
    for found, value in zip(weights_of(parameters), expected, strict=True):
        assert np.allclose(found, value, rtol=2e-4, atol=2e-6)


def test_rows_that_fill_up_a_batch_change_nothing() -> None:
    online, target, batch = random_case(seed=3)
    other = batch._replace(reward=tf.where(batch.weight > 0, batch.reward, 1e6))
    case = Case()
    results = [case.update(case.parts(online, target), rows) for rows in (batch, other)]
    assert results[0][1] == results[1][1]
    for one, two in zip(*(tf.nest.flatten(parts) for parts, _ in results), strict=True):
        assert np.array_equal(one, two)


def test_target_network_is_copied_exactly_every_period_with_tau_one() -> None:
    case = Case(target_update_period=3, target_update_tau=1.0)
    online, target, batch = random_case(seed=2)
    parts = case.parts(online, target)
    for count in range(6):
        before = parts["q_target"]
        parts, _ = case.update(parts, batch, count)
        expected = parts["q"] if (count + 1) % 3 == 0 else before
        for one, other in zip(tf.nest.flatten(parts["q_target"]), tf.nest.flatten(expected), strict=True):
            assert np.array_equal(one, other)


@pytest.mark.parametrize(("double", "loss"), itertools.product([False, True], ["mse", "huber"]))
def test_loss_and_new_weights_are_those_of_tf_agents(double: bool, loss: str) -> None:
    """On a whole batch of single steps, which theirs multiplies with gamma itself."""
    online, target, batch = random_case(seed=4, num_rows=16)
    batch = batch._replace(discount=tf.constant(np.where(np.arange(16) % 3, GAMMA, 0), tf.float32))
    case, theirs = Case(double=double, loss=loss, adam_epsilon=1e-7), their_agent(online, target, double, loss)
    parts, found = case.update(case.parts(online, target), batch)
    assert found == pytest.approx(float(theirs.train(their_experience(batch)).loss), rel=1e-5)
    assert_weights(parts["q"], [variable.numpy() for variable in theirs._q_network.variables])


def their_agent(online: Weights, target: Weights, double: bool, loss: str) -> DqnAgent:
    """TF-Agents' agent with these weights."""
    environment = CartPole("test", 200)
    network = Sequential([tf.keras.layers.Dense(3, "relu"), tf.keras.layers.Dense(2)])
    agent = (DdqnAgent if double else DqnAgent)(
        time_step_spec(environment),
        action_spec(environment),
        q_network=network,
        optimizer=tf.keras.optimizers.Adam(LEARNING_RATE),
        gamma=GAMMA,
        td_errors_loss_fn=common.element_wise_squared_loss if loss == "mse" else common.element_wise_huber_loss,
    )
    agent.initialize()
    for their_network, weights in ((agent._q_network, online), (agent._target_q_network, target)):
        for variable, value in zip(their_network.variables, weights, strict=True):
            variable.assign(value)
    return agent


def their_experience(batch: Batch) -> trajectory.Trajectory:
    """A batch as TF-Agents' agents take it: pairs of steps. [B, 2, …]"""
    kinds = tf.fill([16, 2], time_step.StepType.MID)
    pairs = [tf.stack([field, field], 1) for field in (batch.action, batch.reward, batch.discount / GAMMA)]
    observations = tf.stack([batch.observation, batch.next_observation], 1)
    action, reward, discount = pairs
    return trajectory.Trajectory(kinds, observations, action, (), kinds, reward, discount)


def test_epsilon_falls_linearly_from_the_warm_up_on_and_stays() -> None:
    numbers = SimpleNamespace(warm_up_steps=50, epsilon_start=1.0, epsilon_end=0.2, epsilon_decay_steps=100)
    epsilons = [float(epsilon_at(tf.constant(step), numbers)) for step in (0, 50, 100, 150, 1000)]
    assert epsilons == pytest.approx([1.0, 1.0, 0.6, 0.2, 0.2])


@pytest.mark.parametrize("epsilon", [0.0, 0.4, 1.0])
def test_actions_are_random_as_often_as_epsilon_says(epsilon: float) -> None:
    """Q prefers action 1, which random actions are half of the time."""
    case = Case()
    numbers = SimpleNamespace(warm_up_steps=0, epsilon_start=epsilon, epsilon_end=epsilon, epsilon_decay_steps=1)
    parts, clock = case.parts(constant_q([1.0, 2.0]), constant_q([0.0, 0.0])), Clock(tf.constant(9), 0, 0.0)
    actions = case.agent.act(parts, tf.ones([4000, 4]), (), numbers, clock, SEED).action
    assert np.mean(actions == 0) == pytest.approx(epsilon / 2, abs=0.03 if epsilon else 0.0)
