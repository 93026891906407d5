"""Fully connected networks as functions of named arrays, and how their weights begin.

A network's parameters are {"layer_0": {"kernel": [I, H], "bias": [H]}, "layer_1": …}. Hidden layers are filled up to
the widths that programs are compiled for (`rliable.training.shapes.padded_width`).

Shapes: B batch, I inputs, H units of a hidden layer, U units of the last layer, K inner dimension of a product.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rliable.environments.runtime import tf
from rliable.seeding import derive_seed
from rliable.training.shapes import padded_width

Weights = dict[str, dict[str, Any]]

#: A product with an inner dimension of at most this is faster as a sum of outer products.
NARROW = 8
IS_PLAIN = contextvars.ContextVar("is_plain", default=False)


def mlp(parameters: Weights, inputs: tf.Tensor, activation: str) -> tf.Tensor:
    """The outputs [B, U] of a network for inputs [B, I]: `activation` after all layers but the last."""
    *hidden_layers, last = (parameters[f"layer_{index}"] for index in range(len(parameters)))
    function: Callable[[tf.Tensor], tf.Tensor] = {"relu": tf.nn.relu, "tanh": tf.math.tanh}[activation]
    for layer in hidden_layers:
        inputs = function(dense(layer, inputs))  # [B, H]
    return dense(last, inputs)


def dense(layer: dict[str, Any], inputs: tf.Tensor) -> tf.Tensor:
    """One layer without activation: [B, I] -> [B, H]."""
    return affine(inputs, layer["kernel"], layer["bias"])


def affine(inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """inputs · kernel + bias, with a gradient written as the products that XLA computes fastest on a processor.

    Above all the bias: the sum of its gradient [B, H] over the batch is a product with ones, which takes a fifth of the
    time of a sum over the first dimension.
    """
    return tf.matmul(inputs, kernel) + bias if IS_PLAIN.get() else affine_function()(inputs, kernel, bias)


@contextlib.contextmanager
def plain_products() -> Iterator[None]:
    """Layers are traced as plain products in it: for what is not compiled, and has no gradient."""
    token = IS_PLAIN.set(True)
    try:
        yield
    finally:
        IS_PLAIN.reset(token)


@functools.cache
def affine_function() -> Any:
    """What `affine` calls: a function with a graph of its own for each shape, which programs take in when compiled.

    TensorFlow keeps a custom gradient, and the whole graph in which it was used, until its process ends. So it is used
    in these small graphs, of which there are few, and not in those of programs.
    """

    def compute(inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> Any:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            ones = tf.ones_like(upstream[:, :1])  # [B, 1]
            return (
                product(upstream, tf.transpose(kernel)),  # [B, I]
                tf.matmul(inputs, upstream, transpose_a=True),  # [I, H]
                tf.matmul(ones, upstream, transpose_a=True)[0],  # [H]
            )

        return product(inputs, kernel) + bias, gradient

    return tf.function(tf.custom_gradient(compute), autograph=False)


def product(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """The product [B, K] · [K, H]: a sum of K outer products where K is small, which XLA multiplies slowly."""
    inner = left.shape[-1]
    if inner is None or inner > NARROW:
        return tf.matmul(left, right)
    total = left[:, 0:1] * right[0:1]
    for index in range(1, inner):
        total += left[:, index : index + 1] * right[index : index + 1]
    return total


def initial_mlp(sizes: Sequence[int], seed: int, scales: Sequence[float] | None = None) -> Weights:
    """Draws the weights that a network starts with, by NumPy: the same on every machine and in every process.

    Args:
      sizes: inputs, units of each hidden layer, outputs.
      seed: of this network; each layer has its own stream.
      scales: None for weights and biases uniform in ±1 / sqrt(inputs), as PyTorch draws them; else orthogonal weights
        (Saxe et al. 2014, arXiv:1312.6120) times a scale for each layer, and biases 0.
    """
    layers = list(itertools.pairwise(sizes))
    drawn = {}
    for index, (inputs, units) in enumerate(layers):
        generator = np.random.default_rng(derive_seed(seed, "layer", index))
        kernel, bias = initial_layer(generator, inputs, units, None if scales is None else scales[index])
        drawn[f"layer_{index}"] = padded_layer(kernel, bias, index == 0, index == len(layers) - 1)
    return drawn


def initial_layer(
    generator: np.random.Generator, inputs: int, units: int, scale: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Draws the kernel [I, H] and the bias [H] of one layer; see `initial_mlp`."""
    if scale is not None:
        return orthogonal(generator, inputs, units) * scale, np.zeros(units)
    bound = 1 / np.sqrt(inputs)
    return generator.uniform(-bound, bound, (inputs, units)), generator.uniform(-bound, bound, units)


def padded_layer(kernel: np.ndarray, bias: np.ndarray, is_first: bool, is_last: bool) -> dict[str, np.ndarray]:
    """A layer filled up to the widths that programs are compiled for; inputs and outputs of the network stay."""
    inputs, units = kernel.shape
    rows, columns = inputs if is_first else padded_width(inputs), units if is_last else padded_width(units)
    return {"kernel": filled_up(kernel, rows, columns), "bias": filled_up(bias, columns)}


def orthogonal(generator: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A random matrix [rows, columns] whose shorter side is orthonormal."""
    factor, triangle = np.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
    factor = factor * np.sign(np.diag(triangle))
    return factor if rows >= columns else factor.T


def filled_up(array: np.ndarray, *sizes: int) -> np.ndarray:
    """An array with zeros behind its ends, float32."""
    ends = zip(sizes, array.shape, strict=True)
    return np.pad(array, [(0, size - length) for size, length in ends]).astype(np.float32)
