"""Classic control inside the graph and on the host: the same name gives the same returns."""

import gymnasium
import numpy as np
import pytest
import tensorflow as tf

from rliable.environments import load_data
from tests.environments.gyms import GYM_NAMES

SEEDS = range(5)
BOTH = [f"gym:{name}" for name in GYM_NAMES] + [f"gymnasium:{name}" for name in GYM_NAMES if name in gymnasium.registry]
#: Weights of an observation's numbers, with which a policy does more than nothing; it acts by their sum.
POLICIES = {
    "CartPole-v0": [0.1, 0.3, 3.0, 1.0],
    "CartPole-v1": [0.1, 0.3, 3.0, 1.0],
    "MountainCar-v0": [0.0, 100.0],
    "MountainCarContinuous-v0": [0.0, 100.0],
    "Acrobot-v1": [0.0, 0.0, 0.0, 0.0, 1.0, 0.5],
    "Pendulum-v1": [0.0, -1.0, -0.3],
}


def act(environment, name, observations):
    """The policy's actions for observations [B, O]."""
    wish = observations @ np.array(POLICIES[name], np.float32)  # [B]
    if environment.num_actions:
        return np.where(wish > 0, environment.num_actions - 1, 0).astype(np.int32)
    return np.clip(wish[:, None], environment.action_low, environment.action_high).astype(np.float32)


def returns_inside(name):
    """The returns in the graph, one episode per seed."""
    environment = load_data(name)
    state, step = tf.constant(environment.initial_states(SEEDS)), tf.function(environment.step, autograph=False)
    returns, is_over = np.zeros(len(SEEDS)), np.zeros(len(SEEDS), bool)
    for _ in range(environment.max_episode_steps):
        action = act(environment, name, environment.observe(state).numpy())
        state, reward, terminated = step(state, tf.constant(action))
        returns += np.where(is_over, 0.0, reward.numpy())
        is_over |= terminated.numpy()
    return returns


def returns_outside(full_name):
    """The returns on the host, one episode per seed."""
    environment = load_data(full_name)
    instance = environment.make()
    return np.array([play(environment, instance, full_name.partition(":")[2], seed) for seed in SEEDS])


def play(environment, instance, name, seed):
    observation, total, is_over = instance.reset(seed), 0.0, False
    while not is_over:
        (action,) = act(environment, name, observation[None])
        observation, reward, terminated, truncated = instance.step(action)
        total, is_over = total + reward, terminated or truncated
    return total


@pytest.mark.parametrize("full_name", BOTH)
def test_the_same_name_gives_the_same_returns(full_name):
    inside, outside = returns_inside(full_name.partition(":")[2]), returns_outside(full_name)
    np.testing.assert_allclose(inside, outside, rtol=1e-5)


@pytest.mark.parametrize("full_name", BOTH)
def test_the_same_name_has_the_same_spaces(full_name):
    inside, outside = load_data(full_name.partition(":")[2]), load_data(full_name)
    for what in ("observation_size", "num_actions", "action_low", "action_high", "max_episode_steps", "threshold"):
        assert getattr(inside, what) == getattr(outside, what), what
