"""Adam, and the small steps between networks that every agent takes.

D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, https://arxiv.org/abs/1412.6980. Written
as functions of named arrays, because these go through compiled loops and checkpoints by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.environments.runtime import tf

BETA_1, BETA_2 = 0.9, 0.999


def initial_adam(parameters: Any) -> dict[str, Any]:
    """The state of an optimizer that has not moved `parameters` (any nest of arrays) yet."""
    return {
        "count": np.int32(0),
        "first": map_nest(np.zeros_like, parameters),
        "second": map_nest(np.zeros_like, parameters),
    }


def adam_step(
    parameters: Any, gradients: Any, adam: dict[str, Any], learning_rate: Any, epsilon: Any, max_norm: Any = None
) -> tuple[Any, dict[str, Any]]:
    """One step against a gradient (Algorithm 1 of the paper).

    Args:
      parameters, gradients: nests of the same structure.
      adam: as `initial_adam` or this function gave it.
      learning_rate, epsilon: alpha and epsilon of the paper.
      max_norm: the largest Euclidean norm of all gradients together, to which they are scaled down; None for no limit.

    Returns:
      The new parameters, and the new state.
    """
    if max_norm is not None:
        gradients = clip_by_global_norm(gradients, max_norm)
    count = adam["count"] + 1
    first = tf.nest.map_structure(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, adam["first"], gradients)
    second = tf.nest.map_structure(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, adam["second"], gradients)
    power = tf.cast(count, tf.float32)
    rate = learning_rate / (1 - tf.pow(BETA_1, power))
    scale = 1 / tf.sqrt(1 - tf.pow(BETA_2, power))
    moved = tf.nest.map_structure(
        lambda w, m, v: w - rate * m / (tf.sqrt(v) * scale + epsilon), parameters, first, second
    )
    return moved, {"count": count, "first": first, "second": second}


def learning_rates_at(progress: tf.Tensor, numbers: Any) -> dict[str, Any]:
    """The step sizes at `progress` in [0, 1] of the training, by name, where they change.

    `learning_rate` goes linearly to `learning_rate_end`; a network that acts at a rate of its own slows down alike.
    """
    if numbers.learning_rate_end is None:
        return {}
    rates = {"learning_rate": numbers.learning_rate + progress * (numbers.learning_rate_end - numbers.learning_rate)}
    if getattr(numbers, "actor_learning_rate", None) is not None:
        share = rates["learning_rate"] / numbers.learning_rate
        rates["actor_learning_rate"] = share * numbers.actor_learning_rate
    return rates


def clip_by_global_norm(gradients: Any, max_norm: Any) -> Any:
    """Gradients scaled down so that their norm, taken over all of them together, is at most `max_norm`."""
    squares = [tf.reduce_sum(tf.square(gradient)) for gradient in tf.nest.flatten(gradients)]
    norm = tf.sqrt(tf.add_n(squares))
    scale = tf.minimum(1.0, max_norm / (norm + 1e-6))
    return tf.nest.map_structure(lambda gradient: gradient * scale, gradients)


def moved_target(target: Any, online: Any, tau: Any, is_due: Any = True) -> Any:
    """(1 - tau) * target + tau * online where it is due, else the target as it was; nests of the same structure."""
    step = tf.where(is_due, tau, 0.0)
    return tf.nest.map_structure(lambda old, new: (1.0 - step) * old + step * new, target, online)


def map_nest(function: Any, nest: Any) -> Any:
    """Applies a function to every array of nested dicts, without TensorFlow."""
    if isinstance(nest, dict):
        return {name: map_nest(function, part) for name, part in nest.items()}
    return function(nest)
