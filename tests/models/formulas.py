"""What tests of on-policy agents need beside `tests.models.updates`: an agent by itself, and Adam step after step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

from rliable.environments.base import Environment
from rliable.schema import check_record
from rliable.training.shapes import numbers_of, shape_of


def make_agent_for(model_class: Any, environment: Environment, **hp_params: Any) -> tuple[Any, Any, SimpleNamespace]:
    """An agent, its checked hyperparameters, and the numbers that its functions get."""
    values, problems = check_record(model_class.hyperparameters, {"train_iterations": 10} | hp_params)
    assert problems == []
    agent = model_class.agent(environment, shape_of(values))
    unset = {name: value for name, value in vars(agent.shape).items() if value is None}
    numbers = numbers_of(values) | {"warm_up_steps": np.int32(0), "total_steps": np.int32(values.total_steps)}
    return agent, values, SimpleNamespace(**unset, **numbers)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def move(nest: Any, gradients: Any, moments: list[Any], step: int, rate: float, epsilon: float) -> None:
    """One step of Adam, in place; `moments` holds the two averages of each leaf, and is empty at first."""
    if not moments:
        moments.extend([np.zeros_like(leaf), np.zeros_like(leaf)] for leaf in tf.nest.flatten(nest))
    for leaf, gradient, averages in zip(tf.nest.flatten(nest), tf.nest.flatten(gradients), moments, strict=True):
        averages[0] = 0.9 * averages[0] + 0.1 * gradient
        averages[1] = 0.999 * averages[1] + 0.001 * gradient**2
        leaf -= rate * averages[0] / (1 - 0.9**step) / (np.sqrt(averages[1] / (1 - 0.999**step)) + epsilon)


def assert_close(found: Any, expected: Any) -> None:
    """Holds the arrays of a nest against those of another."""
    for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        assert np.allclose(np.asarray(one), other, rtol=1e-3, atol=2e-5)
