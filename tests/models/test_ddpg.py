"""DDPG: its update against NumPy and TF-Agents, its noise, and how its episodes end."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.models.oracles import ddpg_oracle
from tests.models.updates import (
    adam,
    assert_close,
    clipped,
    doubles,
    is_same,
    make_batch,
    make_case,
    mixed,
    network,
    slopes,
    update,
    value,
)
from tests.models.values_of_ends import assert_only_cut_episodes_are_bootstrapped

RATES = {"learning_rate": 0.02, "actor_learning_rate": 0.01, "gradient_clipping": 0.5}


def updated_by_numpy(parts, batch, is_due):
    """Algorithm 1 of the paper."""
    observation, action, reward, discount, next_observation, weight = doubles(batch)
    next_action = np.tanh(network(parts["actor_target"], next_observation))
    target = reward + discount * value(parts["critic_target"], next_observation, next_action)

    def critic_loss(critic):
        return np.sum(weight * (target - value(critic, observation, action)) ** 2)

    def actor_loss(actor):
        return -np.sum(weight * value(critic, observation, np.tanh(network(actor, observation))))

    losses = {"critic_loss": critic_loss(parts["critic"])}
    gradient = clipped(slopes(critic_loss, parts["critic"]), 0.5)
    critic, critic_adam = adam(parts["critic"], gradient, parts["critic_adam"], 0.02)
    losses["actor_loss"] = actor_loss(parts["actor"])
    gradient = clipped(slopes(actor_loss, parts["actor"]), 0.5)
    actor, actor_adam = adam(parts["actor"], gradient, parts["actor_adam"], 0.01)
    tau = 0.25 if is_due else 0.0
    targets = {
        "actor_target": mixed(parts["actor_target"], actor, tau),
        "critic_target": mixed(parts["critic_target"], critic, tau),
    }
    return {"actor": actor, "actor_adam": actor_adam, "critic": critic, "critic_adam": critic_adam, **targets}, losses


def test_two_updates_match_numpy():
    agent, parts, numbers = make_case("DDPG", target_update_tau=0.25, target_update_period=2, **RATES)
    expected = doubles(parts)
    for count in (0, 1):
        batch = make_batch(seed=count)
        parts, found = update(agent, parts, batch, numbers, count)
        expected, losses = updated_by_numpy(expected, batch, is_due=count == 1)
        assert_close(found, losses)
        assert_close({name: parts[name] for name in expected}, expected)


def test_loss_and_slopes_are_those_of_tf_agents_whose_default_counts_large_errors_less():
    agent, parts, numbers = make_case("DDPG", learning_rate=1e-9)  # so that the actor meets the critic as it was
    batch = make_batch(reward_scale=10.0)
    updated, found = update(agent, parts, batch, numbers)
    loss, slopes_of_actor = ddpg_oracle(parts, batch)
    assert found["critic_loss"] == pytest.approx(loss, rel=1e-5)
    assert_close([10 * moment for moment in tf.nest.flatten(updated["actor_adam"]["first"])], slopes_of_actor)
    assert ddpg_oracle(parts, batch, is_huber=True)[0] < 0.5 * loss


def test_rows_that_fill_up_a_batch_count_nothing():
    agent, parts, numbers = make_case("DDPG")
    batch = make_batch()
    other = batch._replace(reward=tf.where(batch.weight == 0, 99.0, batch.reward))
    assert is_same(update(agent, parts, batch, numbers), update(agent, parts, other, numbers))


def test_only_cut_episodes_are_bootstrapped():
    assert_only_cut_episodes_are_bootstrapped("DDPG", "critic")


@pytest.mark.parametrize("name", ["DDPG", "TD3"])
def test_actions_are_within_their_bounds_and_greedy_ones_have_no_noise(name):
    agent, parts, numbers = make_case(name, noise_std=5.0)
    observation = tf.random.stateless_normal([64, 3], [1, 2])
    acted = agent.act(parts, observation, agent.initial_carry(64), numbers, None, tf.constant([1, 2]))
    greedy = np.tanh(network(doubles(parts["actor"]), observation.numpy()))
    assert np.abs(acted.action).max() == 1.0 and not np.allclose(acted.action, greedy)
    assert np.allclose(agent.greedy(parts, observation), greedy, atol=1e-5)
