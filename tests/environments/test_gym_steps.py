"""Each of our environments that Gym has as well, against Gym's: one step from every state that Gym's own visited.

One step, because some of them are chaotic: a last bit that differs is another trajectory soon.
"""

import functools

import gym
import numpy as np
import pytest
import tensorflow as tf

from rliable.environments import load_data
from tests.environments.gyms import GYM_NAMES, play

NUM_STEPS = 10_000
pytestmark = pytest.mark.filterwarnings("ignore:.*out of date")


@functools.cache
def steps_of(name):
    """What Gym does, played once for all tests."""
    return play(gym.make(name), NUM_STEPS)


@pytest.fixture(params=GYM_NAMES)
def name(request):
    return request.param


def test_the_states_hold_ends_of_episodes(name):
    steps = steps_of(name)
    assert steps.ended.sum() >= 10
    assert len(np.unique(steps.states, axis=0)) > 0.9 * NUM_STEPS


@pytest.mark.parametrize(("is_compiled", "tolerance"), [(False, 1e-14), (True, 1e-12)], ids=["eager", "compiled"])
def test_one_step_from_each_state_is_gyms(name, is_compiled, tolerance):
    """XLA fuses multiplications with additions and has its own sine, so bits at the end differ; floats in rewards."""
    steps, environment = steps_of(name), load_data(name)
    step, observe = environment.step, environment.observe
    if is_compiled:
        step, observe = (tf.function(part, jit_compile=True, autograph=False) for part in (step, observe))
    state, reward, terminated = step(tf.constant(steps.states), tf.constant(steps.actions))
    np.testing.assert_allclose(state, steps.next_states, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(observe(state), steps.observations, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(reward, steps.rewards, rtol=1e-6, atol=1e-6)
    assert np.array_equal(terminated, steps.ended & ~steps.truncated)


def test_time_limit_is_gyms_and_no_termination(name):
    steps, environment = steps_of(name), load_data(name)
    at_limit = steps.episode_steps == environment.max_episode_steps
    _, _, terminated = environment.step(tf.constant(steps.states), tf.constant(steps.actions))
    assert np.array_equal(steps.ended, terminated | at_limit)
    assert np.array_equal(steps.truncated, at_limit & ~terminated.numpy())


@pytest.mark.parametrize(
    ("name", "constant", "attribute", "value"),
    [
        ("CartPole-v1", "gravity", "gravity", 3.7),
        ("CartPole-v1", "force", "force_mag", 5.0),
        ("MountainCar-v0", "gravity", "gravity", 0.002),
        ("MountainCar-v0", "force", "force", 0.0015),
        ("MountainCar-v0", "goal_velocity", "goal_velocity", 0.04),
        ("MountainCarContinuous-v0", "power", "power", 0.003),
        ("Pendulum-v1", "gravity", "g", 3.7),
        ("Pendulum-v1", "mass", "m", 0.5),
        ("Pendulum-v1", "length", "l", 1.5),
        ("Acrobot-v1", "upper_mass", "LINK_MASS_1", 0.5),
        ("Acrobot-v1", "lower_mass", "LINK_MASS_2", 1.5),
    ],
)
def test_a_constant_is_what_it_is_in_gym(name, constant, attribute, value):
    reference = gym.make(name)
    assert hasattr(reference.unwrapped, attribute)
    setattr(reference.unwrapped, attribute, value)
    steps = play(reference, 500)
    changed = load_data(name, constants={constant: value})
    state, reward, terminated = changed.step(tf.constant(steps.states), tf.constant(steps.actions))
    np.testing.assert_allclose(state, steps.next_states, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(reward, steps.rewards, rtol=1e-6, atol=1e-6)
    assert np.array_equal(terminated, steps.ended & ~steps.truncated)
