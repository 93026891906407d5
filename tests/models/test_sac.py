"""SAC: its update against NumPy and TF-Agents, its actions' probabilities, and its temperature."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from rliable.environments.random_numbers import normal
from tests.models.oracles import sac_oracle
from tests.models.updates import (
    adam,
    assert_close,
    clipped,
    doubles,
    make_batch,
    make_case,
    mixed,
    network,
    noise,
    slopes,
    update,
    value,
)
from tests.models.values_of_ends import assert_only_cut_episodes_are_bootstrapped

RATES = {"learning_rate": 0.02, "actor_learning_rate": 0.01, "gradient_clipping": 0.5, "target_update_tau": 0.25}


def sampled(actor, observation, epsilon):
    """Actions and the logarithms of their probabilities (appendix C of the paper)."""
    mean, log_std = np.split(network(actor, observation), 2, axis=1)
    std = np.exp(np.clip(log_std, -20, 2))
    action = np.tanh(mean + std * epsilon)
    density = np.exp(-0.5 * epsilon**2) / (std * math.sqrt(2 * math.pi)) / (1 - action**2)
    return action, np.log(density).sum(1)


def updated_by_numpy(parts, batch, target_entropy):
    """Algorithm 1 of the second paper."""
    observation, action, reward, discount, next_observation, weight = doubles(batch)
    alpha = np.exp(parts["log_alpha"])
    next_action, next_log_prob = sampled(parts["actor"], next_observation, noise(0))
    next_values = [value(critic, next_observation, next_action) for critic in parts["critics_target"].values()]
    target = reward + discount * (np.minimum(*next_values) - alpha * next_log_prob)

    def critic_loss(critics):
        return sum(np.sum(weight * 0.5 * (target - value(q, observation, action)) ** 2) for q in critics.values())

    def actor_loss(actor):
        drawn, log_prob = sampled(actor, observation, noise(1))
        return np.sum(weight * (alpha * log_prob - np.minimum(*[value(q, observation, drawn) for q in twins])))

    def alpha_loss(log_alpha):
        return -np.sum(weight * log_alpha * (sampled(parts["actor"], observation, noise(1))[1] + target_entropy))

    losses = {"critic_loss": critic_loss(parts["critics"]), "alpha": alpha}
    gradient = clipped(slopes(critic_loss, parts["critics"]), 0.5)
    critics, critics_adam = adam(parts["critics"], gradient, parts["critics_adam"], 0.02)
    twins = list(critics.values())
    losses["actor_loss"] = actor_loss(parts["actor"])
    losses["entropy"] = -np.sum(weight * sampled(parts["actor"], observation, noise(1))[1])
    gradient = clipped(slopes(actor_loss, parts["actor"]), 0.5)
    actor, actor_adam = adam(parts["actor"], gradient, parts["actor_adam"], 0.01)
    slope = slopes(alpha_loss, np.array(parts["log_alpha"]))
    log_alpha, alpha_adam = adam(parts["log_alpha"], slope, parts["alpha_adam"], 0.02)
    return {
        "actor": actor,
        "actor_adam": actor_adam,
        "critics": critics,
        "critics_target": mixed(parts["critics_target"], critics, 0.25),
        "critics_adam": critics_adam,
        "log_alpha": log_alpha,
        "alpha_adam": alpha_adam,
    }, losses


@pytest.mark.parametrize(("given", "target_entropy"), [({}, -2.0), ({"target_entropy": 0.7}, 0.7)])
def test_two_updates_match_numpy(given, target_entropy):
    agent, parts, numbers = make_case("SAC", initial_alpha=0.3, **given, **RATES)
    expected = doubles(parts)
    for count in (0, 1):
        batch = make_batch(seed=count)
        parts, found = update(agent, parts, batch, numbers, count)
        expected, losses = updated_by_numpy(expected, batch, target_entropy)
        assert_close(found, losses)
        assert_close({name: parts[name] for name in expected}, expected)


def with_log_std(parts, log_std):
    """Parts whose actor has the same standard deviation everywhere."""
    last = parts["actor"]["layer_1"]
    kernel, bias = np.array(last["kernel"]), np.array(last["bias"])
    kernel[:, 2:], bias[2:] = 0, log_std
    return parts | {"actor": parts["actor"] | {"layer_1": {"kernel": kernel, "bias": bias}}}


def test_losses_are_those_of_tf_agents_where_actions_are_certain():
    agent, parts, numbers = make_case("SAC", alpha=0, learning_rate=1e-9)
    parts, batch = with_log_std(parts, -20.0), make_batch(reward_scale=10.0)
    _, found = update(agent, parts, batch, numbers)
    critic_loss, actor_loss = sac_oracle(parts, batch, log_alpha=-40.0)
    assert found["actor_loss"] == pytest.approx(actor_loss, rel=1e-4)
    assert found["critic_loss"] == pytest.approx(critic_loss / 2, rel=1e-4)  # the paper has a half


def test_log_probabilities_are_those_of_tensorflow_probability():
    agent, parts, _ = make_case("SAC")
    observation = tf.random.stateless_normal([500, 3], [1, 2])
    action, log_prob = agent.sample(parts["actor"], observation, tf.constant([3, 4]))
    mean, log_std = agent.mean_and_log_std(parts["actor"], observation)
    distribution = tfp.distributions.MultivariateNormalDiag(mean, tf.exp(log_std))
    before = mean + tf.exp(log_std) * noise_of(500)
    expected = tfp.bijectors.Tanh()(distribution).log_prob(tf.tanh(before))
    assert np.allclose(action, tf.tanh(before), atol=1e-6)
    assert np.allclose(log_prob, expected, atol=1e-2)


def noise_of(rows):
    return normal(tf.constant([3, 4]), [rows, 2])


@pytest.mark.parametrize(("bias", "log_std"), [(50.0, 2.0), (-50.0, -20.0), (0.5, 0.5)])
def test_the_standard_deviation_has_bounds_and_far_actions_finite_probabilities(bias, log_std):
    agent, parts, numbers = make_case("SAC")
    parts = with_log_std(parts, bias)
    _, found = agent.mean_and_log_std(parts["actor"], tf.ones([4, 3]))
    assert np.allclose(found, log_std)
    parts, losses = update(agent, parts, make_batch(), numbers)
    assert all(np.isfinite(array).all() for array in tf.nest.flatten((parts, losses)))


@pytest.mark.parametrize(("log_std", "rises"), [(-1.0, False), (-6.0, True)])
def test_temperature_rises_while_entropy_is_below_its_target(log_std, rises):
    agent, parts, numbers = make_case("SAC", learning_rate=0.1)
    updated, losses = update(agent, with_log_std(parts, log_std), make_batch(), numbers)
    assert (losses["entropy"] < -2.0) == rises
    assert (updated["log_alpha"] > parts["log_alpha"]) == rises


def test_a_fixed_temperature_is_no_part_and_stays():
    agent, parts, numbers = make_case("SAC", alpha=0.2)
    updated, losses = update(agent, parts, make_batch(), numbers)
    assert "log_alpha" not in updated and float(losses["alpha"]) == pytest.approx(0.2)


def test_greedy_actions_are_the_mean_and_others_are_drawn_with_the_seed():
    agent, parts, numbers = make_case("SAC")
    observation = tf.random.stateless_normal([8, 3], [1, 2])
    mean = np.tanh(network(doubles(parts["actor"]), observation.numpy())[:, :2])
    drawn = [agent.act(parts, observation, (), numbers, None, tf.constant([1, n])).action.numpy() for n in (1, 1, 2)]
    assert np.allclose(agent.greedy(parts, observation), mean, atol=1e-5)
    assert np.array_equal(drawn[0], drawn[1]) and not np.allclose(drawn[0], drawn[2])


def test_only_cut_episodes_are_bootstrapped():
    assert_only_cut_episodes_are_bootstrapped("SAC", "critics", "q1", alpha=0)
