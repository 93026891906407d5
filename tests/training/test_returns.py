"""Returns and advantages of rollouts, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.utils import value_ops

from rliable.training.returns import advantages, returns_of_episodes, summed_backwards

GAMMA, LAMBDA = 0.9, 0.8


def random_rollout(seed: int, num_steps: int = 12, num_environments: int = 3) -> tuple[np.ndarray, ...]:
    """Rewards, values, next values, terminated, boundaries; with terminations and cuts."""
    random = np.random.default_rng(seed)
    reward, value, next_value = random.normal(size=(3, num_steps, num_environments)).astype(np.float32)
    is_boundary = random.random((num_steps, num_environments)) < 0.3
    terminated = is_boundary & (random.random(is_boundary.shape) < 0.5)
    return reward, value, next_value, terminated, is_boundary


def advantage_by_definition(reward, value, next_value, terminated, is_boundary, step, environment) -> float:
    """The sum of (gamma lambda)^l delta_{t+l} to the end of the episode or the rollout."""
    total, weight = 0.0, 1.0
    for index in range(step, len(reward)):
        here = (index, environment)
        total += weight * (reward[here] + GAMMA * next_value[here] * (not terminated[here]) - value[here])
        weight *= GAMMA * LAMBDA
        if is_boundary[here]:
            break
    return total


def test_advantages_match_the_definition_also_where_episodes_end() -> None:
    rollout = random_rollout(1)
    compute = tf.function(lambda *arrays: advantages(*arrays, GAMMA, LAMBDA), jit_compile=True, autograph=False)
    found = compute(*rollout).numpy()
    for step, environment in np.ndindex(found.shape):
        assert found[step, environment] == pytest.approx(
            advantage_by_definition(*rollout, step, environment), rel=1e-4, abs=1e-5
        )


@pytest.mark.parametrize(
    ("terminated", "is_boundary", "expected"), [(0, 0, [-1, 0]), (1, 1, [-1.5, -2]), (0, 1, [-1, 0])]
)
def test_advantages_by_hand(terminated: int, is_boundary: int, expected: list[float]) -> None:
    flags = [tf.constant([[False], [bool(flag)]]) for flag in (terminated, is_boundary)]
    values = tf.fill([2, 1], 4.0)
    found = advantages(tf.constant([[1.0], [2.0]]), values, values, *flags, 0.5, 0.5)
    assert found[:, 0].numpy().tolist() == expected


def test_the_value_behind_the_rollout_is_that_of_the_last_next_observation() -> None:
    """TF-Agents' PPO bootstraps from V(s_{T-1}) instead; its function is right when it is told the right value."""
    random = np.random.default_rng(3)
    reward, value = random.normal(size=(2, 7)).astype(np.float32)
    behind = np.float32(2.5)
    next_value = np.append(value[1:], behind)
    no = np.zeros((7, 1), bool)
    found = advantages(reward[:, None], value[:, None], next_value[:, None], no, no, GAMMA, LAMBDA)[:, 0].numpy()
    discounts = np.full(7, GAMMA, np.float32)
    estimate = value_ops.generalized_advantage_estimation
    assert np.allclose(found, estimate(value, behind, discounts, reward, LAMBDA), atol=1e-5)
    theirs = estimate(value[:-1], value[-1], discounts[:-1], reward[:-1], LAMBDA)
    assert not np.allclose(found[:-1], theirs, atol=1e-2)


def test_returns_run_to_the_end_of_the_episode_and_on_behind_a_cut_alone() -> None:
    reward, _, next_value, terminated, is_boundary = random_rollout(2)
    found, ends = returns_of_episodes(reward, next_value, terminated, is_boundary, GAMMA)
    for step, environment in np.ndindex(reward.shape):
        later = np.flatnonzero(is_boundary[step:, environment])
        assert ends[step, environment].numpy() == bool(len(later))
        last = step + later[0] if len(later) else len(reward) - 1
        powers = GAMMA ** np.arange(last - step + 1)
        expected = (powers * reward[step : last + 1, environment]).sum()
        if len(later) and not terminated[last, environment]:
            expected += GAMMA ** (last - step + 1) * next_value[last, environment]
        assert found[step, environment].numpy() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_sums_run_backwards() -> None:
    found = summed_backwards(tf.constant([[1.0], [2.0], [4.0]]), tf.constant([[0.5], [0.5], [0.5]]))
    assert found[:, 0].numpy().tolist() == [3.0, 4.0, 4.0]
