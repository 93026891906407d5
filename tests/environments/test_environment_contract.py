"""What every registered environment promises, whatever it is; where Gym has it, Gym's is the reference."""

from pathlib import Path

import gym
import numpy as np
import pytest
import tensorflow as tf

from rliable.config.environment import resolve_environment
from rliable.environments import ENVIRONMENTS, load_data
from rliable.executors.worker import run_unit
from rliable.unit import Limits, ModelConfig, Unit
from tests.environments.gyms import GYM_NAMES

SEEDS = [3, 4, 5]
MANY = 3000
pytestmark = pytest.mark.filterwarnings("ignore:.*out of date")


@pytest.fixture(params=sorted(ENVIRONMENTS))
def environment(request):
    return load_data(request.param)


@pytest.fixture(params=GYM_NAMES)
def gyms(request):
    """One of our environments that Gym has as well."""
    return load_data(request.param)


def compiled(part):
    return tf.function(part, jit_compile=True, autograph=False)


def actions_for(environment, num_episodes, seed=0):
    """Random actions of the environment's kind."""
    random = np.random.default_rng(seed)
    if environment.num_actions:
        return tf.constant(random.integers(environment.num_actions, size=num_episodes), tf.int32)
    low, high = environment.action_low, environment.action_high
    return tf.constant(random.uniform(low, high, size=(num_episodes, len(low))), tf.float32)


def test_name_is_the_registered_one_in_any_case(environment):
    assert resolve_environment(environment.name.swapcase()) == environment.name
    assert ENVIRONMENTS[environment.name]


def test_equality_and_hash_go_by_value(environment):
    again = type(environment)(**vars(environment))
    assert again == environment and hash(again) == hash(environment) and again is not environment
    assert [name for name in ENVIRONMENTS if load_data(name) == environment] == [environment.name]


def test_actions_are_either_discrete_or_bounded(environment):
    bounds = list(zip(environment.action_low, environment.action_high, strict=True))
    assert (environment.num_actions > 0) == (bounds == [])
    assert all(low < high for low, high in bounds)


@pytest.mark.parametrize("num_episodes", [1, 7])
def test_shapes_and_types_hold_for_any_number_of_episodes(environment, num_episodes):
    first = environment.initial_states(range(num_episodes))
    state = compiled(lambda seed: environment.reset(seed, num_episodes))(tf.constant([1, 2]))
    observation = compiled(environment.observe)(state)
    next_state, reward, terminated = compiled(environment.step)(state, actions_for(environment, num_episodes))
    assert state.shape == next_state.shape == first.shape and first.ndim == 2
    assert state.dtype == next_state.dtype == first.dtype
    assert (observation.shape, observation.dtype) == ((num_episodes, environment.observation_size), tf.float32)
    assert (reward.shape, reward.dtype) == ((num_episodes,), tf.float32)
    assert (terminated.shape, terminated.dtype) == ((num_episodes,), tf.bool)


def test_no_episodes_have_no_first_states(environment):
    assert environment.initial_states([]).shape == (0, environment.initial_states([1]).shape[1])


def test_first_states_depend_on_their_own_seeds_alone(environment):
    states = environment.initial_states([3, 2**63 - 1, 4])
    assert np.array_equal(states, environment.initial_states([3, 2**63 - 1, 4]))
    assert np.array_equal(states[2:], environment.initial_states([4]))


def test_resets_in_the_graph_are_drawn_from_the_same_distribution(environment):
    expected = environment.initial_states(range(MANY))
    states = compiled(lambda seed: environment.reset(seed, MANY))(tf.constant([5, 6])).numpy()
    low, high = expected.min(axis=0), expected.max(axis=0)
    margin = 0.01 * (high - low)
    assert (states >= low - margin).all() and (states <= high + margin).all()
    for level in (0.1, 0.3, 0.5, 0.7, 0.9):
        differences = np.quantile(states, level, axis=0) - np.quantile(expected, level, axis=0)
        assert (np.abs(differences) <= 0.05 * (high - low)).all()


def test_resets_depend_on_the_seed_alone(environment):
    reset = compiled(lambda seed: environment.reset(seed, 50))
    assert np.array_equal(reset(tf.constant([5, 17])), reset(tf.constant([5, 17])))
    is_drawn = len(np.unique(environment.initial_states(range(50)), axis=0)) > 1
    assert np.array_equal(reset(tf.constant([5, 17])), reset(tf.constant([5, 18]))) != is_drawn


def test_compiled_steps_are_those_outside_to_rounding_and_go_on_after_the_end(environment):
    step, observe = compiled(environment.step), compiled(environment.observe)
    state = tf.constant(environment.initial_states(range(7)))
    for index in range(30):
        action = actions_for(environment, 7, seed=index)
        expected, inside = environment.step(state, action), step(state, action)
        for one, other in zip(expected, inside, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(observe(inside[0]), environment.observe(inside[0]), rtol=1e-6, atol=1e-6)
        assert np.isfinite(observe(inside[0])).all() and np.isfinite(inside[1]).all()
        state = inside[0]


def test_spaces_and_time_limit_are_gyms(gyms):
    reference = gym.make(gyms.name)
    assert gyms.observation_size == reference.observation_space.shape[0]
    assert gyms.num_actions == getattr(reference.action_space, "n", 0)
    assert list(gyms.action_low) == list(getattr(reference.action_space, "low", []))
    assert list(gyms.action_high) == list(getattr(reference.action_space, "high", []))
    assert gyms.max_episode_steps == reference.spec.max_episode_steps
    assert gyms.threshold == reference.spec.reward_threshold


def test_episodes_start_where_gyms_do(gyms):
    seeds = [*SEEDS, 2**31 - 1]
    states = gyms.initial_states(seeds)
    observations = np.asarray(gyms.observe(tf.constant(states)))  # [B, O]
    references = [gym.make(gyms.name) for _ in seeds]
    expected = [reference.reset(seed=seed) for reference, seed in zip(references, seeds, strict=True)]
    assert observations.dtype == np.float32
    np.testing.assert_array_equal(states, [reference.unwrapped.state for reference in references])
    np.testing.assert_array_max_ulp(observations, np.asarray(expected, np.float32), 1)


@pytest.mark.parametrize("form", ["tests.environments.own_environment:ShortPole", "{}/own_environment.py:ShortPole"])
def test_an_agent_learns_in_an_environment_of_the_users_own(form):
    name = form.format(Path(__file__).parent)
    assert resolve_environment(name, ("environment",)) == name
    hp_params = {"train_iterations": 50, "initial_collect_steps": 10, "num_test_episodes": 10, "num_eval_episodes": 10}
    result = run_unit(Unit(0, 0, ModelConfig("DQN", name, "", hp_params), 1, Limits()), "driver")
    assert result.error is None, result.traceback
    assert 0 < result.metrics["reward"] <= 20
