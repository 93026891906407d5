"""Distributions, against those of TensorFlow Probability."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from rliable.training.distributions import Categorical, DiagonalNormal

RANDOM = np.random.default_rng(1)
LOGITS = RANDOM.normal(size=(6, 3)).astype(np.float32)
MEAN, LOG_STD = RANDOM.normal(size=(6, 2)).astype(np.float32), np.float32([-0.7, 0.4])


def test_categorical_is_that_of_tensorflow_probability() -> None:
    ours, theirs = Categorical(tf.constant(LOGITS)), tfp.distributions.Categorical(LOGITS)
    actions = np.int32([0, 1, 2, 0, 1, 2])
    assert np.allclose(ours.log_probability(actions), theirs.log_prob(actions), atol=1e-6)
    assert np.allclose(ours.entropy(), theirs.entropy(), atol=1e-6)
    assert ours.mode().numpy().tolist() == LOGITS.argmax(1).tolist()


def test_normal_is_that_of_tensorflow_probability() -> None:
    ours = DiagonalNormal(tf.constant(MEAN), tf.constant(LOG_STD))
    theirs = tfp.distributions.MultivariateNormalDiag(MEAN, np.exp(LOG_STD))
    actions = RANDOM.normal(size=(6, 2)).astype(np.float32)
    assert np.allclose(ours.log_probability(actions), theirs.log_prob(actions), atol=1e-5)
    assert np.allclose(ours.entropy(), theirs.entropy(), atol=1e-6)
    assert np.array_equal(ours.mode(), MEAN)


def test_actions_are_as_frequent_as_their_probabilities() -> None:
    logits = tf.tile(tf.constant([[0.0, 1.0, -1.0]]), [20_000, 1])
    drawn = Categorical(logits).sample(tf.constant([3, 4])).numpy()
    expected = np.exp([0.0, 1.0, -1.0]) / np.exp([0.0, 1.0, -1.0]).sum()
    assert np.bincount(drawn, minlength=3) / 20_000 == pytest.approx(expected, abs=0.015)


def test_numbers_have_the_mean_and_the_deviation_and_follow_the_seed_alone() -> None:
    normal = DiagonalNormal(tf.tile(tf.constant([[1.0, -2.0]]), [20_000, 1]), tf.constant(LOG_STD))
    drawn = normal.sample(tf.constant([3, 4])).numpy()
    assert drawn.mean(0) == pytest.approx([1.0, -2.0], abs=0.04)
    assert drawn.std(0) == pytest.approx(np.exp(LOG_STD), rel=0.03)
    assert np.array_equal(drawn, normal.sample(tf.constant([3, 4])))
    assert not np.array_equal(drawn, normal.sample(tf.constant([3, 5])))
