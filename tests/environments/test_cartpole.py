"""CartPole inside the graph against Gym's own."""

from __future__ import annotations

import gym
import numpy as np
import pytest
import tensorflow as tf

from rliable.environments import load_data
from rliable.environments.cartpole import CartPole

NAMES = ["CartPole-v0", "CartPole-v1"]


def balancing_action(observation: np.ndarray) -> int:
    """Pushes under the falling pole, well enough to reach the time limit."""
    position, velocity, angle, angular_velocity = observation
    return int(3.0 * angle + angular_velocity + 0.1 * position + 0.3 * velocity > 0)


def gym_episode(name: str, seed: int, choose) -> tuple[list, list, list, list, bool]:
    """States, actions, rewards and whether the episode ended, step by step; and whether the time limit ended it."""
    environment = gym.make(name)
    observation = environment.reset(seed=seed)
    states, actions, rewards, dones = [np.array(environment.unwrapped.state)], [], [], []
    while not (dones and dones[-1]):
        actions.append(choose(observation))
        observation, reward, done, info = environment.step(actions[-1])
        states.append(np.array(environment.unwrapped.state))
        rewards.append(reward)
        dones.append(done)
    return states, actions, rewards, dones, info.get("TimeLimit.truncated", False)


@pytest.mark.filterwarnings("ignore:.*out of date")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(6))
def test_episodes_match_gym_step_by_step(name: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    choose = balancing_action if seed < 3 else lambda _: int(random.integers(2))
    states, actions, rewards, dones, truncated = gym_episode(name, seed, choose)
    environment = load_data(name)
    state = tf.constant(environment.initial_states([seed]))
    assert np.array_equal(state.numpy()[0], states[0])
    for index, action in enumerate(actions):
        state, reward, terminated = environment.step(state, tf.constant([action], tf.int32))
        assert np.array_equal(state.numpy()[0], states[index + 1])
        assert float(reward[0]) == rewards[index]
        is_cut = index + 1 >= environment.max_episode_steps and not bool(terminated[0])
        assert (bool(terminated[0]) or is_cut) == dones[index]
    assert is_cut == truncated
    if seed < 3:
        assert len(actions) == environment.max_episode_steps


def test_compiled_steps_match_gym_to_rounding() -> None:
    """XLA fuses multiplications with additions, which changes the last bit."""
    states, actions, *_ = gym_episode("CartPole-v1", 3, balancing_action)
    before, after = tf.constant(np.array(states[:-1])), np.array(states[1:])
    compiled_step = tf.function(CartPole().step, jit_compile=True, autograph=False)
    next_states, _, _ = compiled_step(before, tf.constant(actions, tf.int32))
    assert len(actions) == 500
    assert np.allclose(next_states, after, rtol=1e-13, atol=1e-15)


def test_first_states_are_gyms() -> None:
    states = CartPole().initial_states([0, 7, 2**31 - 1])
    assert states.dtype == np.float64 and states.shape == (3, 4)
    for seed, state in zip([0, 7, 2**31 - 1], states, strict=True):
        environment = gym.make("CartPole-v1")
        environment.reset(seed=seed)
        assert np.array_equal(state, environment.unwrapped.state)


def test_both_limits_end_an_episode_on_both_sides() -> None:
    environment = CartPole()
    angle = 12 * np.pi / 180
    inside = [[2.399, 0, 0, 0], [-2.399, 0, 0, 0], [0, 0, angle - 1e-6, 0], [0, 0, 1e-6 - angle, 0]]
    outside = [[2.401, 0, 0, 0], [-2.401, 0, 0, 0], [0, 0, angle + 1e-6, 0], [0, 0, -1e-6 - angle, 0]]
    _, _, terminated = environment.step(tf.constant(inside + outside, tf.float64), tf.zeros([8], tf.int32))
    assert terminated.numpy().tolist() == [False] * 4 + [True] * 4


def test_resets_inside_the_graph_depend_on_the_seed_alone_and_fill_the_range() -> None:
    environment = CartPole()
    states = np.array([environment.reset(tf.constant([5, index]), 1)[0] for index in range(300)])
    again = environment.reset(tf.constant([5, 17]), 1)[0]
    assert np.array_equal(states[17], again)
    assert len(np.unique(states)) == states.size
    assert states.min() >= -0.05 and states.max() < 0.05
    assert abs(states.mean()) < 0.004 and abs(states.std() - 0.1 / np.sqrt(12)) < 0.002
    assert not np.array_equal(environment.reset(tf.constant([6, 17]), 1)[0], again)


def test_equal_environments_share_programs_and_different_ones_do_not() -> None:
    first, second = load_data("CartPole-v0"), load_data("CartPole-v0")
    assert first is not second
    assert first == second and hash(first) == hash(second)
    assert first != load_data("CartPole-v1")
