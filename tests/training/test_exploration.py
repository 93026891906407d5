"""Noise that is added to continuous actions."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from rliable.environments.pendulum import Pendulum
from rliable.environments.random_numbers import normal
from rliable.registry import MODELS
from rliable.schema import check_record
from rliable.training.loop import Call
from rliable.training.program import program_for
from rliable.training.run import PURPOSES
from rliable.training.shapes import numbers_of, shape_of
from tests.models.updates import make_case
from tests.training.scripted_environment import OneStepEpisodes

OU = {"noise": "ou", "noise_std": 0.3, "ou_theta": 2.0, "ou_time_step": 0.1}


def test_normal_noise_is_another_for_each_environment_number_and_step():
    agent, _, numbers = make_case("DDPG", noise="normal", noise_std=0.1)
    still = tf.zeros([500, 2])
    steps = [agent.with_noise(still, agent.initial_carry(500), numbers, tf.constant([3, n]))[0] for n in (1, 2)]
    noise = np.concatenate([step.numpy().ravel() for step in steps])
    assert len(set(noise.tolist())) == 2000
    assert noise.std() == pytest.approx(0.1, rel=0.1) and abs(noise.mean()) < 0.01


def test_ornstein_uhlenbeck_noise_goes_back_to_zero_as_its_equation_says():
    agent, _, numbers = make_case("DDPG", **OU)
    carry = expected = agent.initial_carry(4)
    for step in range(50):
        seed = tf.constant([3, step])
        action, carry = agent.with_noise(tf.fill([4, 2], 0.1), carry, numbers, seed)
        expected = expected - 2.0 * expected * 0.1 + 0.3 * np.sqrt(0.1) * normal(seed, [4, 2]).numpy()
        assert np.allclose(carry, expected, atol=1e-5)
        assert np.allclose(action, np.clip(0.1 + expected, -1, 1), atol=1e-5)
    assert len(set(np.ravel(carry).tolist())) == 8


def test_no_noise_leaves_actions_as_they_are():
    agent, _, numbers = make_case("SAC")
    action = tf.constant([[0.3, -0.4]])
    assert agent.with_noise(action, (), numbers, tf.constant([1, 2])) == (action, ())


@pytest.mark.parametrize(("environment", "is_reset"), [(OneStepEpisodes(), True), (Pendulum(), False)])
def test_noise_is_carried_from_step_to_step_and_forgotten_where_an_episode_ends(environment, is_reset):
    model_class = MODELS.load("DDPG")
    params = {"train_iterations": 5, "num_environments": 3, "fc_layer_params": [4], "initial_collect_steps": 0}
    values, _ = check_record(model_class.hyperparameters, params | OU)
    program = program_for(model_class.agent, environment, shape_of(values), 10)
    seeds = {name: np.int32(index) for index, name in enumerate(PURPOSES)}
    state = program.loop.initial_state(values, seeds, 1)
    extra = {"warm_up_steps": np.int32(0), "total_steps": np.int32(15)}
    state, _ = program.loop.run(state, Call(*map(np.int32, (0, 5, 1, 0))), numbers_of(values) | extra, seeds)
    carry = state.interaction.carry.numpy()
    assert carry.shape == (3, len(environment.action_low))
    assert (carry == 0).all() if is_reset else len(set(carry.ravel().tolist())) == carry.size
