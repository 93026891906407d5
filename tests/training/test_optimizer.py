"""Adam against NumPy by the paper's Algorithm 1, and the small steps between networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from rliable.training.optimizer import adam_step, clip_by_global_norm, initial_adam, map_nest, moved_target


def random_nest(seed: int, scale: float = 1.0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    return {
        "layer": {"kernel": array(random, (3, 2), scale), "bias": array(random, (2,), scale)},
        "log_alpha": array(random, (), scale),
    }


def array(random: np.random.Generator, shape: tuple[int, ...], scale: float) -> np.ndarray:
    return np.asarray(random.normal(size=shape) * scale, np.float32)


def algorithm_1(weight: np.ndarray, gradients: list[np.ndarray], alpha: float, epsilon: float) -> np.ndarray:
    """Kingma and Ba 2015, Algorithm 1, line by line in double precision."""
    theta, m, v = weight.astype(np.float64), 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        g = g.astype(np.float64)
        m = 0.9 * m + (1 - 0.9) * g
        v = 0.999 * v + (1 - 0.999) * g**2
        m_hat = m / (1 - 0.9**t)
        v_hat = v / (1 - 0.999**t)
        theta = theta - alpha * m_hat / (np.sqrt(v_hat) + epsilon)
    return np.asarray(theta)


@pytest.mark.parametrize(("alpha", "epsilon"), [(0.001, 1e-8), (0.05, 1e-5), (0.01, 0.5)])
def test_adam_is_algorithm_1_of_its_paper(alpha: float, epsilon: float) -> None:
    start, gradients = random_nest(0), [random_nest(seed) for seed in range(1, 30)]
    step = tf.function(adam_step, jit_compile=True, autograph=False)
    parameters, adam = start, initial_adam(start)
    for gradient in gradients:
        parameters, adam = step(parameters, gradient, adam, tf.constant(alpha), tf.constant(epsilon))
    series = zip(*map(tf.nest.flatten, gradients), strict=True)
    for found, weight, own in zip(tf.nest.flatten(parameters), tf.nest.flatten(start), series, strict=True):
        assert np.allclose(found, algorithm_1(weight, list(own), alpha, epsilon), rtol=1e-5, atol=1e-6)
    assert int(adam["count"]) == 29


def test_the_first_step_has_the_length_of_the_learning_rate() -> None:
    for gradient in (1e-4, 1.0, 1e4):
        start = tf.constant(5.0)
        moved, _ = adam_step(start, tf.constant(gradient), initial_adam(np.float32(5.0)), 0.125, 1e-12)
        assert float(moved) == pytest.approx(4.875, rel=1e-5)


def test_gradients_of_zero_move_nothing() -> None:
    start = random_nest(0)
    moved, adam = adam_step(start, map_nest(np.zeros_like, start), initial_adam(start), 0.1, 1e-8, 0.5)
    assert all(np.array_equal(a, b) for a, b in zip(tf.nest.flatten(moved), tf.nest.flatten(start), strict=True))
    assert not any(np.any(part) for part in tf.nest.flatten(adam["second"]))


def test_gradients_are_clipped_by_the_norm_of_all_of_them_together() -> None:
    gradients = {"a": np.float32([3.0, 0.0]), "b": {"c": np.float32([[4.0]])}}
    clipped = clip_by_global_norm(gradients, 1.0)
    assert np.allclose(clipped["a"], [0.6, 0.0]) and np.allclose(clipped["b"]["c"], [[0.8]])
    kept = clip_by_global_norm(gradients, 5.1)
    assert np.array_equal(kept["a"], [3.0, 0.0]) and np.array_equal(kept["b"]["c"], [[4.0]])


def test_clipping_comes_before_the_moments() -> None:
    start, gradient = random_nest(0), random_nest(1, scale=100.0)
    norm = np.sqrt(sum(np.sum(np.square(part)) for part in tf.nest.flatten(gradient)))
    _, adam = adam_step(start, gradient, initial_adam(start), 0.1, 1e-8, 0.5)
    for moment, part in zip(tf.nest.flatten(adam["first"]), tf.nest.flatten(gradient), strict=True):
        assert np.allclose(moment, 0.1 * part * 0.5 / norm, rtol=1e-4)


def test_targets_move_a_fraction_of_the_way_where_they_are_due() -> None:
    target, online = random_nest(1), random_nest(2)
    parts = [tf.nest.flatten(nest) for nest in (target, online)]
    for tau, is_due in ((0.25, True), (0.25, False), (1.0, True), (1.0, False)):
        moved = tf.nest.flatten(moved_target(target, online, tf.constant(tau), tf.constant(is_due)))
        for found, old, new in zip(moved, *parts, strict=True):
            expected = 0.75 * old + 0.25 * new if is_due and tau < 1 else new if is_due else old
            assert np.allclose(found, expected, rtol=1e-6) if tau < 1 else np.array_equal(found, expected)
