"""The ring replay against a plain-Python reference.

Transition number i of E environments belongs to environment i modulo E; its observations and reward tell which it is.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from rliable.training.hyperparameters import OffPolicyHyperparameters
from rliable.training.replay import Ring, Transitions, append, empty_ring, n_step_batch, sample
from tests.training.scripted_environment import OneStepEpisodes

GAMMA = 0.5
DISCRETE = OneStepEpisodes(num_actions=100, action_low=(), action_high=())
ENDINGS = st.sampled_from(["goes on", "goes on", "goes on", "cut", "terminated"])


def reward_of(number: int) -> float:
    return float(2**number % 7)


def make_rows(first: int, endings: list[str]) -> Transitions:
    """One step of each environment."""
    numbers = np.arange(first, first + len(endings))
    return Transitions(
        tf.constant(numbers[:, None], tf.float32),
        tf.constant(numbers, tf.int32),
        tf.constant([reward_of(int(number)) for number in numbers]),
        tf.constant([ending == "terminated" for ending in endings]),
        tf.constant([ending != "goes on" for ending in endings]),
        tf.constant(numbers[:, None] + 0.5, tf.float32),
    )


def fill(length: int, endings: list[str], num_environments: int = 1, capacity: int = 32) -> Ring:
    ring = tf.nest.map_structure(tf.constant, empty_ring(DISCRETE, capacity, length))
    for first in range(0, len(endings), num_environments):
        ring = append(ring, make_rows(first, endings[first : first + num_environments]))
    return ring


def draw(ring: Ring, seed: list[int], compiled: int, size: int = 0, **numbers: Any) -> Any:
    shape = SimpleNamespace(batch_size=compiled, num_environments=1)
    return sample(
        ring, tf.constant(seed), shape, SimpleNamespace(batch_size=size or compiled, n_step=1, gamma=GAMMA, **numbers)
    )


def reference(endings: list[str], first: int, num_steps: int, num_environments: int) -> tuple[float, float, float]:
    """Reward, discount and next observation of an n-step transition, step by step."""
    reward, discount, number = 0.0, 1.0, first
    for step in range(num_steps):
        number = first + step * num_environments
        reward += discount * reward_of(number)
        discount *= GAMMA
        if endings[number] != "goes on" or number + num_environments >= len(endings):
            break
    return reward, 0.0 if endings[number] == "terminated" else discount, number + 0.5


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4).flatmap(lambda e: st.tuples(st.just(e), endings_of(e))), st.integers(4, 11), st.integers(1, 5))
def test_n_step_returns_match_the_reference(case: tuple[int, list[str]], length: int, num_steps: int) -> None:
    """Also with environments side by side, and in rings whose length is no multiple of anything."""
    num_environments, endings = case
    ring = fill(length, endings, num_environments)
    kept = np.arange(max(0, len(endings) - length), len(endings), dtype=np.int32)
    weight = tf.ones(len(kept))
    batch = n_step_batch(ring, tf.constant(kept), weight, num_environments, tf.constant(num_steps), tf.constant(GAMMA))
    expected = [reference(endings, int(first), num_steps, num_environments) for first in kept]
    assert batch.action.numpy().tolist() == kept.tolist()
    assert batch.observation.numpy()[:, 0].tolist() == kept.tolist()
    assert batch.reward.numpy().tolist() == [reward for reward, _, _ in expected]
    assert batch.discount.numpy().tolist() == [discount for _, discount, _ in expected]
    assert batch.next_observation.numpy()[:, 0].tolist() == [observation for _, _, observation in expected]


def endings_of(num_environments: int) -> st.SearchStrategy[list[str]]:
    """How the transitions of whole steps end."""
    steps = st.lists(st.lists(ENDINGS, min_size=num_environments, max_size=num_environments), min_size=1, max_size=8)
    return steps.map(lambda rows: [ending for row in rows for ending in row])


def test_three_step_return_by_hand() -> None:
    """The example of `n_step_batch`: rewards 1, 2, 4, the second of which ends its episode."""
    for ending, reward, discount in (("terminated", 2.0, 0.0), ("cut", 2.0, 0.25), ("goes on", 3.0, 0.125)):
        ring = fill(8, ["goes on", ending, "goes on", "goes on"])
        batch = n_step_batch(ring, tf.constant([0]), tf.ones(1), 1, tf.constant(3), tf.constant(GAMMA))
        assert (batch.reward.numpy()[0], batch.discount.numpy()[0]) == (reward, discount)
        assert batch.next_observation.numpy()[0, 0] == (2.5 if ending == "goes on" else 1.5)


def test_returns_do_not_mix_environments() -> None:
    """Environment 0 earns 1, 4, 2 in transitions 0, 2, 4, and environment 1 ends its episode in transition 1."""
    ring = fill(8, ["goes on", "cut", "goes on", "goes on", "goes on", "goes on"], num_environments=2)
    batch = n_step_batch(ring, tf.constant([0, 1, 2]), tf.ones(3), 2, tf.constant(3), tf.constant(GAMMA))
    assert batch.reward.numpy().tolist() == [1 + 0.5 * 4 + 0.25 * 2, 2.0, 4 + 0.5 * 2]
    assert batch.discount.numpy().tolist() == [0.125, 0.5, 0.25]
    assert batch.next_observation.numpy()[:, 0].tolist() == [4.5, 1.5, 4.5]


@pytest.mark.parametrize(("length", "num_environments"), [(4, 1), (5, 1), (7, 3), (3, 3), (1, 1)])
def test_the_ring_keeps_the_latest_transitions(length: int, num_environments: int) -> None:
    ring = fill(length, ["goes on"] * 12, num_environments)
    assert sorted(ring.rows.action.numpy()[:length]) == list(range(12 - length, 12))
    assert not ring.rows.action.numpy()[length:].any()
    assert int(ring.num_written) == 12


def test_a_replay_has_room_for_one_step_of_every_environment_and_for_no_more_than_there_is_to_remember() -> None:
    def length(**changes: int) -> int:
        values = OffPolicyHyperparameters(**{"train_iterations": 10, "initial_collect_steps": 20} | changes)
        trained: int = values.as_trained().replay_buffer_max_length
        return trained

    assert length() == 30
    assert length(replay_buffer_max_length=7) == 7
    assert length(num_environments=4) == 4 * (5 + 10)
    assert length(num_environments=4, replay_buffer_max_length=2) == 4


def test_continuous_actions_are_remembered_whole() -> None:
    ring = empty_ring(OneStepEpisodes(), 8, 5)
    assert (ring.rows.action.shape, ring.rows.action.dtype) == ((8, 2), np.float32)
    action = tf.constant([[0.5, -1.0], [0.25, 2.0]])
    rows = make_rows(0, ["goes on"] * 2)._replace(action=action)
    assert np.array_equal(append(ring, rows).rows.action[:2], action)


def test_samples_are_uniform_over_what_is_in_the_ring() -> None:
    for number, length, kept in ((3, 5, [0, 1, 2]), (9, 5, [4, 5, 6, 7, 8])):
        batch = draw(fill(length, ["goes on"] * number), [1, 2], 5000)
        numbers, counts = np.unique(batch.action.numpy(), return_counts=True)
        assert numbers.tolist() == kept
        assert np.allclose(counts / (5000 / len(kept)), 1, atol=0.12)


def test_samples_depend_on_the_seed_alone() -> None:
    ring = fill(8, ["goes on"] * 8)
    draws = [draw(ring, seed, 16).action.numpy() for seed in ([1, 2], [1, 3], [2, 2], [1, 2])]
    assert np.array_equal(draws[0], draws[3])
    assert not np.array_equal(draws[0], draws[1]) and not np.array_equal(draws[0], draws[2])


def test_samples_do_not_depend_on_how_many_rows_were_compiled_for_the_ring() -> None:
    endings = ["goes on", "cut"] * 6
    one, other = (draw(fill(7, endings, capacity=capacity), [1, 2], 16) for capacity in (7, 32))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("size", [1, 11, 16])
def test_rows_that_fill_up_a_batch_weigh_nothing_and_the_others_alike(size: int) -> None:
    weight = draw(fill(8, ["goes on"] * 8), [1, 2], 16, size).weight.numpy()
    assert (weight[size:] == 0).all() and np.allclose(weight[:size], 1 / size)
