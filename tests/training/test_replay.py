"""The ring replay against a plain-Python reference."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from rliable.training.replay import Replay, Transitions, append, empty_replay, n_step_transitions, sample

GAMMA = 0.5


def make_row(number: int, ending: str) -> Transitions:
    """Transition `number`: its observations and reward tell which one it is."""
    return Transitions(
        tf.constant([[float(number)]]),
        tf.constant([number]),
        tf.constant([2.0**number % 7]),
        tf.constant([0.0 if ending == "terminated" else 1.0]),
        tf.constant([[number + 0.5]]),
        tf.constant([ending != "goes on"]),
    )


def fill(capacity: int, endings: list[str]) -> Replay:
    replay = empty_replay(capacity, 1)
    for number, ending in enumerate(endings):
        replay = append(replay, make_row(number, ending))
    return replay


def reference(endings: list[str], first: int, num_steps: int) -> tuple[float, float, float]:
    """Reward, discount and next observation of an n-step transition, step by step."""
    reward, last = 0.0, first
    for k in range(num_steps):
        last = first + k
        reward += GAMMA**k * (2.0**last % 7)
        if endings[last] != "goes on" or last + 1 == len(endings):
            break
    discount = 0.0 if endings[last] == "terminated" else GAMMA ** (last - first)
    return reward, discount, last + 0.5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["goes on", "goes on", "goes on", "cut", "terminated"]), min_size=1, max_size=20),
    st.integers(1, 8),
    st.integers(1, 5),
)
def test_n_step_transitions_match_the_reference(endings: list[str], capacity: int, num_steps: int) -> None:
    replay = fill(capacity, endings)
    kept = np.arange(max(0, len(endings) - capacity), len(endings), dtype=np.int32)
    batch = n_step_transitions(replay, tf.constant(kept), num_steps, tf.constant(GAMMA))
    expected = [reference(endings, int(first), num_steps) for first in kept]
    assert batch.action.numpy().tolist() == kept.tolist()
    assert batch.observation.numpy()[:, 0].tolist() == kept.tolist()
    assert batch.reward.numpy().tolist() == [reward for reward, _, _ in expected]
    assert batch.discount.numpy().tolist() == [discount for _, discount, _ in expected]
    assert batch.next_observation.numpy()[:, 0].tolist() == [observation for _, _, observation in expected]


def test_three_step_return_by_hand() -> None:
    """The example of `n_step_transitions`: rewards 1, 2, 4, the second of which ends its episode."""
    for ending, discount in (("terminated", 0.0), ("cut", 0.5), ("goes on", 0.25)):
        replay = fill(8, ["goes on", ending, "goes on", "goes on"])
        batch = n_step_transitions(replay, tf.constant([0]), 3, tf.constant(GAMMA))
        assert batch.reward.numpy()[0] == (3.0 if ending == "goes on" else 2.0)
        assert batch.discount.numpy()[0] == discount
        assert batch.next_observation.numpy()[0, 0] == (2.5 if ending == "goes on" else 1.5)


def test_the_ring_keeps_the_latest_transitions() -> None:
    replay = fill(4, ["goes on"] * 10)
    assert sorted(replay.rows.action.numpy()) == [6, 7, 8, 9]
    assert int(replay.num_written) == 10


def test_samples_are_uniform_over_what_is_in_the_ring() -> None:
    for length, capacity, kept in ((3, 5, [0, 1, 2]), (9, 5, [4, 5, 6, 7, 8])):
        batch = sample(fill(capacity, ["goes on"] * length), tf.constant([1, 2]), 5000, 1, tf.constant(GAMMA))
        numbers, counts = np.unique(batch.action.numpy(), return_counts=True)
        assert numbers.tolist() == kept
        assert np.allclose(counts / (5000 / len(kept)), 1, atol=0.12)


def test_samples_depend_on_the_seed_alone() -> None:
    replay = fill(8, ["goes on"] * 8)
    draws = [sample(replay, tf.constant(seed), 16, 1, tf.constant(GAMMA)).action.numpy() for seed in ([1, 2], [1, 3])]
    again = sample(replay, tf.constant([1, 2]), 16, 1, tf.constant(GAMMA)).action.numpy()
    assert np.array_equal(draws[0], again) and not np.array_equal(draws[0], draws[1])
