"""Networks, gradients and Adam in float64 NumPy, for tests that hold an agent's update against its paper."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from rliable.environments.base import Environment
from rliable.schema import check_record
from rliable.training.shapes import numbers_of, shape_of

ACTIVATIONS = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh}


def make_agent_for(model_class: Any, environment: Environment, **hp_params: Any) -> tuple[Any, Any, SimpleNamespace]:
    """An agent, its checked hyperparameters, and the numbers that its functions get."""
    values, problems = check_record(model_class.hyperparameters, {"train_iterations": 10} | hp_params)
    assert problems == []
    agent = model_class.agent(environment, shape_of(values))
    unset = {name: value for name, value in vars(agent.shape).items() if value is None}
    numbers = numbers_of(values) | {"warm_up_steps": np.int32(0), "total_steps": np.int32(values.total_steps)}
    return agent, values, SimpleNamespace(**unset, **numbers)


def as_float64(nest: Any) -> Any:
    """A nest of dicts of arrays, copied."""
    if isinstance(nest, dict):
        return {name: as_float64(part) for name, part in nest.items()}
    return np.array(nest, np.float64)


def perceptron(parameters: dict[str, Any], inputs: np.ndarray, activation: str) -> np.ndarray:
    """What `rliable.training.networks.mlp` computes."""
    for index in range(len(parameters)):
        layer = parameters[f"layer_{index}"]
        inputs = inputs @ layer["kernel"] + layer["bias"]
        if index < len(parameters) - 1:
            inputs = ACTIVATIONS[activation](inputs)
    return inputs


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def leaves(nest: Any) -> list[np.ndarray]:
    """The arrays of nested dicts, sorted by name."""
    if isinstance(nest, dict):
        return [leaf for name in sorted(nest) for leaf in leaves(nest[name])]
    return [nest]


def slopes(function: Callable[[Any], float], nest: Any, step: float = 1e-5) -> list[np.ndarray]:
    """The gradient of a function of a nest, leaf by leaf, by central differences."""
    gradients = []
    for leaf in leaves(nest):
        gradient = np.zeros_like(leaf)
        for index in np.ndindex(leaf.shape):
            kept = leaf[index]
            leaf[index] = kept + step
            above = function(nest)
            leaf[index] = kept - step
            below = function(nest)
            leaf[index] = kept
            gradient[index] = (above - below) / (2 * step)
        gradients.append(gradient)
    return gradients


def clipped(gradients: list[np.ndarray], max_norm: float) -> list[np.ndarray]:
    """Gradients scaled down to a norm of all of them together."""
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    return [gradient * min(1.0, max_norm / norm) for gradient in gradients]


def move(nest: Any, gradients: list[np.ndarray], moments: list[Any], step: int, rate: float, epsilon: float) -> None:
    """One step of Adam, in place; `moments` holds the two averages of each leaf, and is empty at first."""
    if not moments:
        moments.extend([np.zeros_like(leaf), np.zeros_like(leaf)] for leaf in leaves(nest))
    for leaf, gradient, averages in zip(leaves(nest), gradients, moments, strict=True):
        averages[0] = 0.9 * averages[0] + 0.1 * gradient
        averages[1] = 0.999 * averages[1] + 0.001 * gradient**2
        leaf -= rate * averages[0] / (1 - 0.9**step) / (np.sqrt(averages[1] / (1 - 0.999**step)) + epsilon)


def assert_close(found: Any, expected: Any) -> None:
    """Holds the arrays of a nest against those of another."""
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        assert np.allclose(np.asarray(one), other, rtol=1e-3, atol=2e-5)
