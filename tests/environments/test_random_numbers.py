"""Random numbers of compiled programs."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from rliable.environments.random_numbers import integers, uniform


def draw(kind, stream: int, counter: int, *args) -> np.ndarray:
    compiled = tf.function(lambda seed: kind(seed, *args), jit_compile=True, autograph=False)
    return compiled(tf.constant([stream, counter])).numpy()


def test_a_draw_depends_on_stream_and_counter_alone() -> None:
    assert np.array_equal(draw(uniform, 3, 4, [8]), draw(uniform, 3, 4, [8]))
    assert not np.array_equal(draw(uniform, 3, 4, [8]), draw(uniform, 3, 5, [8]))
    assert not np.array_equal(draw(uniform, 3, 4, [8]), draw(uniform, 4, 4, [8]))


def test_draws_of_different_counters_share_nothing() -> None:
    def draw_all() -> tf.Tensor:
        return tf.stack([uniform(tf.constant([3, counter]), [64], 0.0, 1.0, tf.float64) for counter in range(50)])

    draws = tf.function(draw_all, jit_compile=True, autograph=False)().numpy()
    assert len(np.unique(draws)) == draws.size
    assert abs(np.corrcoef(draws[1:, 0], draws[:-1, 0])[0, 1]) < 0.4


def test_uniform_numbers_stay_in_their_range_and_fill_it() -> None:
    draws = draw(uniform, 1, 2, [20000], -2.0, 3.0)
    assert draws.min() >= -2 and draws.max() < 3
    assert np.allclose(np.histogram(draws, 5, (-2, 3))[0] / 4000, 1, atol=0.08)


def test_integers_are_below_their_bound_and_uniform() -> None:
    draws = draw(integers, 1, 2, [21000], tf.constant(7))
    assert np.allclose(np.bincount(draws, minlength=7) / 3000, 1, atol=0.08) and draws.max() == 6


def test_integers_are_the_same_outside_compiled_programs() -> None:
    seed = tf.constant([11, 12])
    assert np.array_equal(integers(seed, [64], tf.constant(1000)), draw(integers, 11, 12, [64], tf.constant(1000)))
