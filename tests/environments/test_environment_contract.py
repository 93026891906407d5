"""What every registered environment promises, whatever it is: Gym's own of that name is the reference."""

from pathlib import Path

import gym
import numpy as np
import pytest

from rliable.config.environment import resolve_environment
from rliable.environments import ENVIRONMENTS, load_data
from rliable.executors.worker import run_unit
from rliable.unit import Limits, ModelConfig, Unit

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


@pytest.mark.parametrize("form", ["tests.environments.own_environment:ShortPole", "{}/own_environment.py:ShortPole"])
def test_an_agent_learns_in_an_environment_of_the_users_own(form):
    name = form.format(Path(__file__).parent)
    assert resolve_environment(name, ("environment",)) == name
    hp_params = {"train_iterations": 50, "initial_collect_steps": 10, "num_test_episodes": 10, "num_eval_episodes": 10}
    result = run_unit(Unit(0, 0, ModelConfig("DQN", name, "", hp_params), 1, Limits()), "driver")
    assert result.error is None, result.traceback
    assert 0 < result.metrics["reward"] <= 20
