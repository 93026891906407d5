"""Single updates of agents in NumPy, float64: networks, slopes by finite differences, Adam; and what they start from.

Shapes: B batch, O numbers of observation, A numbers of an action.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from rliable.environments.random_numbers import normal
from rliable.registry import MODELS
from rliable.schema import check_record
from rliable.training.agent import Agent, Batch, Clock
from rliable.training.shapes import numbers_of, shape_of
from tests.training.scripted_environment import OneStepEpisodes

#: Large enough that single precision does not show where a gradient is nearly zero.
EPSILON = 1e-2
SMALL = {"train_iterations": 10, "fc_layer_params": [5], "batch_size": 12, "adam_epsilon": EPSILON}
SEED = tf.constant([7, 11])


def make_case(name: str, **hp_params: Any) -> tuple[Agent, dict[str, Any], SimpleNamespace]:
    """An agent for actions of two numbers, its parts (targets are elsewhere than their networks), and its numbers."""
    model_class = MODELS.load(name)
    values, problems = check_record(model_class.hyperparameters, SMALL | hp_params)
    assert problems == []
    agent = model_class.agent(OneStepEpisodes(observation_size=3), shape_of(values))
    parts = agent.initial_parts(values, seed=3)
    parts |= {part: scaled(nest, 0.8) for part, nest in parts.items() if part.endswith("_target")}
    unset = {key: value for key, value in vars(agent.shape).items() if value is None}
    return agent, parts, SimpleNamespace(**unset, **{key: tf.constant(v) for key, v in numbers_of(values).items()})


def scaled(nest: Any, factor: float) -> Any:
    return tf.nest.map_structure(lambda array: (array * factor).astype(array.dtype), nest)


def make_batch(seed: int = 1, reward_scale: float = 3.0) -> Batch:
    """A batch of 12 that is filled up to 16, with terminated and n-step rows."""
    random = np.random.default_rng(seed)
    weight = np.where(np.arange(16) < 12, 1 / 12, 0)
    rows = (
        random.normal(size=(16, 3)),
        random.uniform(-1, 1, (16, 2)),
        random.normal(size=16) * reward_scale,
        random.choice([0.0, 0.9, 0.81], size=16),
        random.normal(size=(16, 3)),
        weight,
    )
    return Batch(*(tf.constant(row, tf.float32) for row in rows))


def update(agent: Any, parts: Any, batch: Batch, numbers: Any, count: int = 0, seed: Any = SEED) -> Any:
    """The update number `count`, as arrays."""
    inputs = {key: value for key, value in vars(numbers).items() if value is not None}
    return tf.nest.map_structure(np.asarray, compiled_update(agent)(parts, batch, inputs, tf.constant(count), seed))


@functools.cache
def compiled_update(agent: Any) -> Any:
    """An agent's update as the loop compiles it."""
    unset = {key: value for key, value in vars(agent.shape).items() if value is None}

    def compute(parts: Any, batch: Batch, inputs: Any, count: Any, seed: Any) -> Any:
        clock = Clock(count, count, tf.constant(0.0))
        return agent.update(parts, batch, SimpleNamespace(**unset, **inputs), clock, seed)

    return tf.function(compute, jit_compile=True, autograph=False)


@functools.cache
def noise(draw: int = 0) -> np.ndarray:
    """The standard normal numbers that a compiled update draws (uncompiled, TensorFlow draws others). [16, 2]"""
    compiled = tf.function(lambda seed: normal(seed, [16, 2], draw), jit_compile=True, autograph=False)
    return compiled(SEED).numpy().astype(np.float64)


def doubles(nest: Any) -> Any:
    """A nest in double precision."""
    return tf.nest.map_structure(lambda array: np.asarray(array, np.float64), nest)


def network(parameters: Any, inputs: np.ndarray, activation: str = "relu") -> np.ndarray:
    """What `rliable.training.networks.dense.mlp` computes."""
    for index in range(len(parameters)):
        layer = parameters[f"layer_{index}"]
        inputs = inputs @ layer["kernel"] + layer["bias"]
        if index < len(parameters) - 1:
            inputs = np.maximum(inputs, 0) if activation == "relu" else np.tanh(inputs)
    return inputs


def value(critic: Any, observation: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Q(s, a). [B]"""
    return network(critic, np.concatenate([observation, action], 1))[:, 0]


def slopes(loss: Any, nest: Any, step: float = 1e-6) -> Any:
    """The gradient of `loss(nest)` by central differences."""

    def slope(array: np.ndarray) -> np.ndarray:
        found = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + step
            above = loss(nest)
            array[index] = kept - step
            found[index] = (above - loss(nest)) / (2 * step)
            array[index] = kept
        return found

    return tf.nest.map_structure(slope, nest)


def clipped(gradient: Any, max_norm: float) -> Any:
    """A gradient cut down to a norm, over all its arrays together."""
    norm = np.sqrt(sum(np.sum(array**2) for array in tf.nest.flatten(gradient)))
    return tf.nest.map_structure(lambda array: array * min(1.0, max_norm / norm), gradient)


def adam(parameters: Any, gradient: Any, state: Any, rate: float) -> Any:
    """The parameters and the optimizer's state after one step, by Algorithm 1 of Kingma and Ba."""
    count = int(state["count"]) + 1
    first = tf.nest.map_structure(lambda m, g: 0.9 * m + 0.1 * g, state["first"], gradient)
    second = tf.nest.map_structure(lambda v, g: 0.999 * v + 0.001 * g**2, state["second"], gradient)
    moved = tf.nest.map_structure(
        lambda w, m, v: w - rate * (m / (1 - 0.9**count)) / (np.sqrt(v / (1 - 0.999**count)) + EPSILON),
        parameters,
        first,
        second,
    )
    return moved, {"count": count, "first": first, "second": second}


def mixed(target: Any, online: Any, tau: float) -> Any:
    """What a target network becomes."""
    return tf.nest.map_structure(lambda old, new: (1 - tau) * old + tau * new, target, online)


def assert_close(found: Any, expected: Any) -> None:
    """Asserts that two nests hold the same numbers, as far as single precision tells."""
    tf.nest.assert_same_structure(found, expected)
    for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=2e-4, abs=2e-6)


def is_same(one: Any, other: Any) -> bool:
    """Tells whether two nests hold the same bits."""
    return all(
        np.asarray(a).tobytes() == np.asarray(b).tobytes()
        for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True)
    )
