"""Running mean and variance of what is seen, and what is normalised by them.

T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
1979: the formulas for two sets. Shapes: E numbers of each kind at a time, O kinds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.environments.runtime import tf

Statistics = dict[str, Any]

#: Beyond this, a normalised number is cut off.
LIMIT = 10.0
EPSILON = 1e-8


def initial_statistics(*shape: int) -> Statistics:
    """Those of nothing seen: mean 0, variance 1."""
    return {"mean": np.zeros(shape, np.float32), "variance": np.ones(shape, np.float32), "count": np.float32(1e-4)}


def updated(statistics: Statistics, seen: tf.Tensor) -> Statistics:
    """Takes in numbers [E, O], or [E] where there is one kind."""
    number = float(seen.shape[0])
    mean = tf.reduce_mean(seen, 0)
    variance = tf.reduce_mean(tf.square(seen - mean), 0)
    count = statistics["count"] + number
    distance = mean - statistics["mean"]
    squares = statistics["variance"] * statistics["count"] + variance * number
    squares += tf.square(distance) * statistics["count"] * number / count
    return {"mean": statistics["mean"] + distance * number / count, "variance": squares / count, "count": count}


def standardised(statistics: Statistics, seen: tf.Tensor) -> tf.Tensor:
    """Numbers [E, O] with mean 0 and variance 1, as far as is known."""
    return cut_off((seen - statistics["mean"]) * tf.math.rsqrt(statistics["variance"] + EPSILON))


def scaled(statistics: Statistics, seen: tf.Tensor) -> tf.Tensor:
    """Numbers over a standard deviation, not centred: rewards keep their sign."""
    return cut_off(seen * tf.math.rsqrt(statistics["variance"] + EPSILON))


def cut_off(number: tf.Tensor) -> tf.Tensor:
    """A number between -LIMIT and LIMIT."""
    return tf.clip_by_value(number, -LIMIT, LIMIT)
