"""What every registered environment promises, whatever it is: Gym's own of that name is the reference."""

import gym
import numpy as np
import pytest

from rliable.config.environment import resolve_environment
from rliable.environments import ENVIRONMENTS, load_data

SEEDS = [3, 4, 5]


@pytest.fixture(params=sorted(ENVIRONMENTS))
def environment(request):
    return load_data(request.param)


def test_name_is_the_registered_one_in_any_case(environment):
    assert resolve_environment(environment.name.swapcase()) == environment.name
    assert type(environment)(**vars(environment)) == environment


def test_spaces_and_time_limit_are_gyms(environment):
    reference = gym.make(environment.name)
    assert environment.observation_size == reference.observation_space.shape[0]
    assert environment.num_actions == reference.action_space.n
    assert environment.max_episode_steps == reference.spec.max_episode_steps


def test_episodes_start_where_gyms_do(environment):
    states = environment.initial_states(SEEDS)
    observations = np.asarray(environment.observe(states))  # [B, O]
    expected = [gym.make(environment.name).reset(seed=seed) for seed in SEEDS]
    assert observations.dtype == np.float32
    np.testing.assert_array_equal(observations, np.asarray(expected, np.float32))


def test_one_step_is_gyms(environment):
    action = environment.num_actions - 1
    state, reward, terminated = environment.step(
        environment.initial_states(SEEDS), np.full(len(SEEDS), action, np.int32)
    )
    for row, seed in enumerate(SEEDS):
        reference = gym.make(environment.name)
        reference.reset(seed=seed)
        expected, expected_reward, expected_end, _ = reference.step(action)
        np.testing.assert_allclose(np.asarray(environment.observe(state))[row], expected, rtol=1e-6)
        assert (float(reward[row]), bool(terminated[row])) == (expected_reward, expected_end)
