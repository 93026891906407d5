"""The network that first learned to play Atari games from their pixels.

V. Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015),
https://doi.org/10.1038/nature14236.
"""

from __future__ import annotations

from rliable.environments.base import Spaces
from rliable.environments.runtime import tf
from rliable.seeding import derive_seed
from rliable.training.networks.base import scaled_pixels
from rliable.training.networks.convolution import Convolutional, convolve, initial_convolution
from rliable.training.networks.dense import Weights

#: Width of the kernels, stride, and number of kernels of each layer.
LAYERS = ((8, 4, 32), (4, 2, 64), (3, 1, 64))
#: The smallest image of which the last layer sees anything, in pixels.
SMALLEST = 36


class NatureCNN(Convolutional):
    """Three convolutions and a dense layer of 512."""

    hidden_sizes = (512,)

    def __init__(self, environment: Spaces) -> None:
        super().__init__(environment)
        height, width, _ = self.image_shape
        if min(height, width) < SMALLEST:
            words = (
                f"needs images of at least {SMALLEST} x {SMALLEST} pixels; {environment.name} shows {height} x {width}"
            )
            raise self.unfit(f"{words} (impala_cnn and mlp see those)")
        self.num_features = seen_by_last(height) * seen_by_last(width) * LAYERS[-1][-1]

    def initial_torso(self, seed: int, scale: float | None) -> Weights:
        channels = [self.image_shape[2], *(number for _, _, number in LAYERS)]
        return {
            f"convolution_{index}": initial_convolution(
                derive_seed(seed, "layer", index), size, channels[index], number, scale
            )
            for index, (size, _, number) in enumerate(LAYERS)
        }

    def features(self, torso: Weights, observation: tf.Tensor) -> tf.Tensor:
        image = scaled_pixels(observation)
        for index, (_, stride, _) in enumerate(LAYERS):
            image = tf.nn.relu(convolve(torso[f"convolution_{index}"], image, stride))
        return tf.reshape(image, [-1, self.num_features])


def seen_by_last(length: int) -> int:
    """How many places the last layer sees along a side of an image."""
    for size, stride, _ in LAYERS:
        length = (length - size) // stride + 1
    return length
