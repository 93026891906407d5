"""Running statistics, and what agents do with them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.ppo import PPO
from rliable.training.agent import Experience
from rliable.training.normalise import initial_statistics, normalised, scaled, updated
from tests.models.formulas import make_agent_for
from tests.training.scripted_environment import Corridor

RANDOM = np.random.default_rng(1)


def statistics_of(chunks: list[np.ndarray]) -> dict:
    statistics = initial_statistics(chunks[0].shape[1])
    for chunk in chunks:
        statistics = updated(statistics, tf.constant(chunk))
    return statistics


def test_statistics_are_those_of_all_rows_together() -> None:
    chunks = [RANDOM.normal(5, 3, size=(4, 2)).astype(np.float32) for _ in range(50)]
    rows, statistics = np.concatenate(chunks), statistics_of(chunks)
    assert float(statistics["count"]) == pytest.approx(200, abs=0.001)
    assert np.allclose(statistics["mean"], rows.mean(0), rtol=1e-5)
    assert np.allclose(statistics["variance"], rows.var(0), rtol=1e-4)
    assert np.allclose(normalised(statistics, rows).numpy().std(0), 1, rtol=1e-4)


def test_nothing_changes_before_there_are_statistics() -> None:
    """TF-Agents' normalizer begins with the variance 0: what comes first is multiplied by 31.6."""
    rows = RANDOM.normal(size=(4, 2)).astype(np.float32)
    assert np.allclose(normalised(initial_statistics(2), rows), rows, rtol=1e-6)


def test_what_is_far_out_is_cut_off_at_ten() -> None:
    statistics = initial_statistics(1) | {"variance": np.float64([0.01])}
    assert normalised(statistics, np.float32([[1.5], [-1.5], [0.5]]))[:, 0].numpy() == pytest.approx([10, -10, 5])


def experience(observation: list[float], reward: list[float]) -> Experience:
    rows, flags = np.float32(observation)[:, None], np.zeros(len(reward), bool)
    return Experience(rows, np.zeros(len(reward), np.int32), np.float32(reward), flags, flags, rows + 1, {})


def test_rewards_are_divided_by_the_deviation_of_discounted_returns() -> None:
    """As VecNormalize does; TF-Agents divides them by the deviation of rewards."""
    agent, values, numbers = make_agent_for(PPO, Corridor(), normalize_rewards=True, gamma=0.5, num_environments=2)
    parts, carry = agent.initial_parts(values, 1), np.zeros(2, np.float32)
    rewards, sums, seen = RANDOM.normal(2, 1, size=(30, 2)), np.zeros(2), []
    for reward in rewards:
        parts, found, carry = agent.watch(parts, experience([0, 0], reward), carry, numbers)
        sums = 0.5 * sums + reward
        seen.extend(sums)
        if len(seen) > 2:
            assert np.allclose(found, reward / np.std(seen), rtol=1e-2)
    assert np.allclose(parts["returns"]["variance"], np.var(seen), rtol=1e-3)
    assert np.allclose(scaled(parts["returns"], np.float32([[1.0]])), 1 / np.std(seen), rtol=1e-3)


def test_what_the_policy_saw_is_counted_and_evaluation_leaves_it_alone() -> None:
    agent, values, numbers = make_agent_for(PPO, Corridor(), normalize_observations=True, num_environments=2)
    parts = agent.initial_parts(values, 1)
    for first in range(10):
        parts, _, _ = agent.watch(parts, experience([first, first + 0.5], [0, 0]), np.zeros(2, np.float32), numbers)
    seen = np.arange(0, 10, 0.5)
    assert np.allclose(parts["observations"]["mean"], seen.mean(), rtol=1e-4)
    view = agent.view(parts, np.float32([[7.0]]))
    assert np.allclose(view, (7 - seen.mean()) / seen.std(), rtol=1e-3)
    logits = agent.policy(parts["networks"], view).logits.numpy()
    assert agent.greedy(parts, np.float32([[7.0]])).numpy() == logits.argmax()
    assert "observations" in agent.acts_with


def test_nothing_is_counted_unless_it_is_wished() -> None:
    agent, values, numbers = make_agent_for(PPO, Corridor(), num_environments=2)
    parts = agent.initial_parts(values, 1)
    after, reward, _ = agent.watch(parts, experience([1, 2], [3, 4]), np.zeros(2, np.float32), numbers)
    assert after is parts and reward.tolist() == [3, 4]
    assert np.array_equal(agent.view(parts, np.float32([[50.0]])), [[50.0]])
