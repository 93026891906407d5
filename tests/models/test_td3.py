"""TD3: its update against NumPy and TF-Agents, the noise on its targets, and what follows with delay."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.models.oracles import td3_oracle
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
    noise,
    slopes,
    update,
    value,
)
from tests.models.values_of_ends import assert_only_cut_episodes_are_bootstrapped

FOLLOWERS = ("actor", "actor_adam", "actor_target", "critics_target")
RATES = {"learning_rate": 0.02, "actor_learning_rate": 0.01, "gradient_clipping": 0.5, "target_update_tau": 0.25}


def updated_by_numpy(parts, batch, is_due):
    """Algorithm 1 of the paper, with a noise of 0.6 clipped at 0.4."""
    observation, action, reward, discount, next_observation, weight = doubles(batch)
    next_action = np.tanh(network(parts["actor_target"], next_observation)) + np.clip(0.6 * noise(), -0.4, 0.4)
    next_action = np.clip(next_action, -1, 1)
    next_values = [value(critic, next_observation, next_action) for critic in parts["critics_target"].values()]
    target = reward + discount * np.minimum(*next_values)

    def critic_loss(critics):
        return sum(np.sum(weight * (target - value(q, observation, action)) ** 2) for q in critics.values())

    def actor_loss(actor):
        return -np.sum(weight * value(critics["q1"], observation, np.tanh(network(actor, observation))))

    losses = {"critic_loss": critic_loss(parts["critics"]), "actor_loss": 0.0}
    gradient = clipped(slopes(critic_loss, parts["critics"]), 0.5)
    critics, critics_adam = adam(parts["critics"], gradient, parts["critics_adam"], 0.02)
    parts = parts | {"critics": critics, "critics_adam": critics_adam}
    if is_due:
        losses["actor_loss"] = 2 * actor_loss(parts["actor"])
        gradient = clipped(slopes(actor_loss, parts["actor"]), 0.5)
        actor, actor_adam = adam(parts["actor"], gradient, parts["actor_adam"], 0.01)
        parts |= {"actor": actor, "actor_adam": actor_adam}
        parts["actor_target"] = mixed(parts["actor_target"], actor, 0.25)
        parts["critics_target"] = mixed(parts["critics_target"], critics, 0.25)
    return parts, losses


def test_two_updates_match_numpy():
    agent, parts, numbers = make_case("TD3", target_noise_std=0.6, target_noise_clip=0.4, **RATES)
    expected = doubles(parts)
    for count in (0, 1):
        batch = make_batch(seed=count)
        parts, found = update(agent, parts, batch, numbers, count)
        expected, losses = updated_by_numpy(expected, batch, is_due=count == 1)
        assert_close(found, losses)
        assert_close({name: parts[name] for name in expected}, expected)


def test_loss_and_slopes_are_those_of_tf_agents_where_no_noise_is_added():
    agent, parts, numbers = make_case("TD3", target_noise_std=0, learning_rate=1e-9, policy_delay=1)
    batch = make_batch(reward_scale=10.0)
    updated, found = update(agent, parts, batch, numbers)
    loss, slopes_of_actor = td3_oracle(parts, batch)
    assert found["critic_loss"] == pytest.approx(loss, rel=1e-5)
    assert_close([10 * moment for moment in tf.nest.flatten(updated["actor_adam"]["first"])], slopes_of_actor)


def test_actor_and_targets_follow_in_the_same_updates():
    agent, parts, numbers = make_case("TD3", policy_delay=3)
    for count in range(7):
        before = parts
        parts, _ = update(agent, parts, make_batch(count), numbers, count)
        moved = {name for name in parts if not is_same(parts[name], before[name])}
        assert moved == {"critics", "critics_adam", *(FOLLOWERS if count in (2, 5) else ())}


def test_the_target_period_counts_updates_of_the_actor():
    agent, parts, numbers = make_case("TD3", policy_delay=2, target_update_period=2)
    moved = []
    for count in range(8):
        before = parts
        parts, _ = update(agent, parts, make_batch(count), numbers, count)
        moved += [count] if not is_same(parts["critics_target"], before["critics_target"]) else []
    assert moved == [3, 7]


def test_target_noise_is_the_same_for_the_same_seed_and_another_for_each_row():
    agent, parts, numbers = make_case("TD3", target_noise_std=1.0, target_noise_clip=0.3)
    batch = make_batch()._replace(next_observation=tf.ones([16, 3]))
    values = [np.asarray(agent.next_value(parts, batch, numbers, tf.constant([1, n]))) for n in (1, 1, 2)]
    assert np.array_equal(values[0], values[1]) and not np.array_equal(values[0], values[2])
    assert len(set(values[0].tolist())) > 8


@pytest.mark.parametrize("name", ["SAC", "TD3"])
def test_twin_critics_begin_apart(name):
    _, parts, _ = make_case(name)
    kernels = [parts["critics"][critic]["layer_0"]["kernel"] for critic in ("q1", "q2")]
    assert not np.allclose(*kernels)


def test_only_cut_episodes_are_bootstrapped():
    assert_only_cut_episodes_are_bootstrapped("TD3", "critics", "q2")
