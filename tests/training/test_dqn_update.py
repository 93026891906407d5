"""One DQN update against numbers computed by hand and by NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf
from rliable.training.dqn_agent import DQNParts, DQNShape, make_dqn_agent
from rliable.training.specs import as_transition

from rliable.environments.cartpole import make_cartpole_v0
from rliable.training.replay import Transitions

LEARNING_RATE, GAMMA = 0.01, 0.5


def make_parts(double: bool, loss: str, max_norm: float | None = None, **numbers: float) -> DQNParts:
    parts = make_dqn_agent(make_cartpole_v0(), DQNShape((3,), double, loss, max_norm is not None))
    parts.numbers.assign(gamma=GAMMA, learning_rate=LEARNING_RATE, gradient_clipping=max_norm or 1.0, **numbers)
    for variable in parts.optimizer.weights:
        variable.assign(tf.zeros_like(variable))
    return parts


def set_weights(network, weights: list[np.ndarray]) -> None:
    for variable, value in zip(network.variables, weights, strict=True):
        variable.assign(value)


def constant_q(values: list[float]) -> list[np.ndarray]:
    """Weights of a network that gives the same Q values for every observation."""
    return [np.zeros((4, 3)), np.zeros(3), np.zeros((3, 2)), np.array(values)]


def train_compiled(parts: DQNParts, batch: Transitions) -> float:
    update = tf.function(lambda rows: parts.agent.train(as_transition(rows)).loss, jit_compile=True, autograph=False)
    return float(update(batch))


def one_transition(reward: float, discount: float) -> Transitions:
    observation = tf.ones([1, 4])
    numbers = (tf.constant([reward]), tf.constant([discount]))
    return Transitions(observation, tf.constant([0]), *numbers, observation, tf.constant([discount == 0]))


@pytest.mark.parametrize(
    ("double", "loss", "reward", "discount", "expected"),
    [
        # online Q = (1, 2), target Q = (20, 10), gamma = 0.5, action 0
        (False, "mse", 1.0, 1.0, 100.0),  # target 1 + 0.5 * max(20, 10) = 11, error 10
        (False, "huber", 1.0, 1.0, 9.5),  # |10| - 0.5
        (True, "mse", 1.0, 1.0, 25.0),  # online prefers action 1: target 1 + 0.5 * 10 = 6, error 5
        (True, "huber", 1.0, 1.0, 4.5),
        (False, "mse", 3.0, 0.0, 4.0),  # terminated: target 3, error 2
        (False, "huber", 1.5, 0.0, 0.125),  # target 1.5, error 0.5, within the quadratic part
        (False, "mse", 1.0, 0.25, 6.25),  # three-step tail: discount 0.5**2, target 1 + 0.5 * 0.25 * 20 = 3.5
    ],
)
def test_loss_by_hand(double: bool, loss: str, reward: float, discount: float, expected: float) -> None:
    parts = make_parts(double, loss)
    set_weights(parts.network, constant_q([1.0, 2.0]))
    set_weights(parts.target_network, constant_q([20.0, 10.0]))
    assert train_compiled(parts, one_transition(reward, discount)) == pytest.approx(expected, rel=1e-6)
    # the first step of Adam has the length of the learning rate, against the gradient; action 1 was not taken
    assert parts.network.variables[-1].numpy() == pytest.approx([1.0 + LEARNING_RATE, 2.0], rel=1e-6)


def forward(weights: list[np.ndarray], observation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hidden units [B, H] and Q values [B, A]."""
    hidden = np.maximum(observation @ weights[0] + weights[1], 0)
    return hidden, hidden @ weights[2] + weights[3]


def loss_and_gradients(online, target, batch: Transitions, double: bool, loss: str) -> tuple[float, list[np.ndarray]]:
    """The loss and its gradient for a network with one hidden layer, from the definitions."""
    rows = Transitions(*(np.asarray(field, np.float64) for field in batch))
    index, actions = np.arange(len(rows.action)), rows.action.astype(int)
    hidden, q_values = forward(online, rows.observation)
    next_target = forward(target, rows.next_observation)[1]
    chooser = forward(online, rows.next_observation)[1] if double else next_target
    bootstrap = next_target[index, chooser.argmax(1)]
    error = rows.reward + GAMMA * rows.discount * bootstrap - q_values[index, actions]
    huber = np.where(np.abs(error) <= 1, 0.5 * error**2, np.abs(error) - 0.5)
    value = np.mean(error**2 if loss == "mse" else huber)
    slope = np.zeros_like(q_values)
    slope[index, actions] = -(2 * error if loss == "mse" else np.clip(error, -1, 1)) / len(index)
    hidden_slope = (slope @ online[2].T) * (hidden > 0)
    return value, [rows.observation.T @ hidden_slope, hidden_slope.sum(0), hidden.T @ slope, slope.sum(0)]


def random_case(seed: int) -> tuple[list[np.ndarray], list[np.ndarray], Transitions]:
    """Online and target weights, and a batch of 16 that holds terminated, cut and n-step transitions."""
    random = np.random.default_rng(seed)
    online, target = ([random.normal(size=shape) for shape in ((4, 3), 3, (3, 2), 2)] for _ in range(2))
    batch = Transitions(
        tf.constant(random.normal(size=(16, 4)), tf.float32),
        tf.constant(random.integers(2, size=16), tf.int32),
        tf.constant(random.normal(size=16), tf.float32),
        tf.constant(random.choice([0.0, 1.0, GAMMA, GAMMA**2], size=16), tf.float32),
        tf.constant(random.normal(size=(16, 4)), tf.float32),
        tf.zeros([16], tf.bool),
    )
    return online, target, batch


@pytest.mark.parametrize(
    ("double", "loss", "max_norm"), [*itertools.product([False, True], ["mse", "huber"], [None]), (False, "mse", 0.1)]
)
def test_two_updates_match_numpy(double: bool, loss: str, max_norm: float | None) -> None:
    online, target, batch = random_case(seed=1)
    parts = make_parts(double, loss, max_norm, target_update_period=2, target_update_tau=0.25)
    set_weights(parts.network, online)
    set_weights(parts.target_network, target)
    first, second = [np.zeros_like(w) for w in online], [np.zeros_like(w) for w in online]
    for step in (1, 2):
        value, gradients = loss_and_gradients(online, target, batch, double, loss)
        if max_norm is not None:
            gradients = [g * min(1.0, max_norm / np.linalg.norm(g)) for g in gradients]
        rate = LEARNING_RATE * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
        second = [0.999 * v + 0.001 * g**2 for v, g in zip(second, gradients, strict=True)]
        online = [w - rate * m / (np.sqrt(v) + 1e-7) for w, m, v in zip(online, first, second, strict=True)]
        assert train_compiled(parts, batch) == pytest.approx(value, rel=1e-5)
        assert_weights(parts.network, online)
        assert_weights(parts.target_network, target if step == 1 else mixed(online, target, 0.25))


def mixed(online: list[np.ndarray], target: list[np.ndarray], tau: float) -> list[np.ndarray]:
    return [tau * w + (1 - tau) * t for w, t in zip(online, target, strict=True)]


def assert_weights(network, expected: list[np.ndarray]) -> None:
    for variable, value in zip(network.variables, expected, strict=True):
        assert np.allclose(variable.numpy(), value, rtol=2e-4, atol=2e-6)


def test_target_network_is_copied_exactly_every_period_with_tau_one() -> None:
    parts = make_parts(False, "mse", target_update_period=3, target_update_tau=1.0)
    online, target, batch = random_case(seed=2)
    set_weights(parts.network, online)
    set_weights(parts.target_network, target)
    update = tf.function(lambda: parts.agent.train(as_transition(batch)).loss, jit_compile=True, autograph=False)
    for step in range(1, 7):
        before = [variable.numpy() for variable in parts.target_network.variables]
        update()
        after = [variable.numpy() for variable in parts.target_network.variables]
        expected = [v.numpy() for v in parts.network.variables] if step % 3 == 0 else before
        assert all(np.array_equal(a, b) for a, b in zip(after, expected, strict=True))
