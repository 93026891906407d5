"""Convolutional layers as functions of named arrays, and what networks for images share.

A layer is {"kernel": [K, K, C, N], "bias": [N]}.
Shapes: B batch, H height, W width, C channels, K width of a kernel, N kernels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.environments.base import Spaces
from rliable.environments.runtime import tf
from rliable.schema import ConfigError, Problem
from rliable.training.networks.base import Network
from rliable.training.networks.dense import initial_layer


def convolve(layer: dict[str, Any], image: tf.Tensor, stride: int = 1, padding: str = "VALID") -> tf.Tensor:
    """One layer without activation: [B, H, W, C] -> [B, H', W', N]."""
    return tf.nn.conv2d(image, layer["kernel"], stride, padding) + layer["bias"]


def initial_convolution(seed: int, size: int, channels: int, number: int, scale: float | None) -> dict[str, np.ndarray]:
    """A layer to begin with, drawn as dense ones are: each kernel sees K·K·C numbers.

    Args:
      seed: of the layer.
      size: K.
      channels: C.
      number: N.
      scale: of orthogonal weights; None for uniform ones.
    """
    kernel, bias = initial_layer(np.random.default_rng(seed), size * size * channels, number, scale)
    return {"kernel": kernel.reshape(size, size, channels, number).astype(np.float32), "bias": bias.astype(np.float32)}


class Convolutional(Network):
    """A network for images; ReLU follows its layers, and it brings its dense layers along."""

    activation = "relu"
    is_fast_in_xla = False
    gains_from_gpu = True

    def __init__(self, environment: Spaces) -> None:
        super().__init__(environment)
        if environment.image_shape is None:
            raise self.unfit(
                f"needs images; {environment.name} shows {environment.observation_size} numbers (mlp sees those)"
            )
        self.image_shape = environment.image_shape

    def unfit(self, words: str) -> ConfigError:
        """What to raise where the network cannot see what there is."""
        return ConfigError([Problem("network", f"{type(self).__name__} {words}")])
