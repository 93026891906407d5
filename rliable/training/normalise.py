"""Running means and variances, to normalise what an agent sees and gets, as Stable-Baselines3's VecNormalize does.

Shapes: E rows that come at once, O numbers of each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.environments.runtime import tf

#: Mean and variance of all rows so far: {"count": [], "mean": [O], "variance": [O]}, float64.
Statistics = dict[str, Any]

#: What is added to a variance before its root is taken.
EPSILON = 1e-8
#: How far from zero anything normalised may be.
LIMIT = 10.0


def initial_statistics(size: int) -> Statistics:
    """The statistics of hardly any rows, so that normalising by them changes nothing. NumPy arrays."""
    return {"count": np.float64(1e-4), "mean": np.zeros(size), "variance": np.ones(size)}


def updated(statistics: Statistics, rows: tf.Tensor) -> Statistics:
    """The statistics with E more rows [E, O].

    By the formula for two samples of T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample
    variance", The American Statistician 37 (1983), https://doi.org/10.1080/00031305.1983.10483115.
    """
    rows = tf.cast(rows, tf.float64)
    number = float(rows.shape[0])
    mean = tf.reduce_mean(rows, 0)  # [O]
    squares = tf.reduce_sum(tf.square(rows - mean), 0)  # about their mean [O]
    count, total = statistics["count"], statistics["count"] + number
    distance = mean - statistics["mean"]
    squares += statistics["variance"] * count + tf.square(distance) * count * number / total
    return {"count": total, "mean": statistics["mean"] + distance * number / total, "variance": squares / total}


def normalised(statistics: Statistics, rows: tf.Tensor) -> tf.Tensor:
    """Rows [E, O] less the mean, over the standard deviation, cut off at ±10. float32"""
    return scaled(statistics, tf.cast(rows, tf.float64) - statistics["mean"])


def scaled(statistics: Statistics, rows: tf.Tensor) -> tf.Tensor:
    """Rows [E, O] over the standard deviation, cut off at ±10. float32"""
    quotient = tf.cast(rows, tf.float64) / tf.sqrt(statistics["variance"] + EPSILON)
    return tf.cast(tf.clip_by_value(quotient, -LIMIT, LIMIT), tf.float32)
