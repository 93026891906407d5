"""A residual network for images, deeper than the first ones for Atari games.

L. Espeholt et al., "IMPALA: scalable distributed deep-RL with importance weighted actor-learner architectures", ICML
2018, https://arxiv.org/abs/1802.01561, figure 3, right; without its memory.
"""

from __future__ import annotations

from rliable.environments.base import Spaces
from rliable.environments.runtime import tf
from rliable.seeding import derive_seed
from rliable.training.networks.base import scaled_pixels
from rliable.training.networks.convolution import Convolutional, convolve, initial_convolution
from rliable.training.networks.dense import Weights

#: Kernels of the layers of each section.
SECTIONS = (16, 32, 32)
#: The layers of a section: the first one, then those of two residual blocks.
NAMES = ("first", "block_0_a", "block_0_b", "block_1_a", "block_1_b")


class ImpalaCNN(Convolutional):
    """Three sections of a convolution, pooling and two residual blocks, and a dense layer of 256."""

    hidden_sizes = (256,)

    def __init__(self, environment: Spaces) -> None:
        super().__init__(environment)
        height, width, _ = self.image_shape
        for _ in SECTIONS:
            height, width = -(-height // 2), -(-width // 2)
        self.num_features = height * width * SECTIONS[-1]

    def initial_torso(self, seed: int, scale: float | None) -> Weights:
        channels = [self.image_shape[2], *SECTIONS]
        return {
            f"section_{index}": {
                name: initial_convolution(
                    derive_seed(seed, name, index), 3, channels[index + (name != "first")], number, scale
                )
                for name in NAMES
            }
            for index, number in enumerate(SECTIONS)
        }

    def features(self, torso: Weights, observation: tf.Tensor) -> tf.Tensor:
        image = scaled_pixels(observation)
        for index in range(len(SECTIONS)):
            image = section(torso[f"section_{index}"], image)
        return tf.reshape(tf.nn.relu(image), [-1, self.num_features])


def section(layers: Weights, image: tf.Tensor) -> tf.Tensor:
    """[B, H, W, C] -> [B, H / 2, W / 2, N]"""
    image = tf.nn.max_pool2d(convolve(layers["first"], image, padding="SAME"), 3, 2, "SAME")
    for block in ("block_0", "block_1"):
        change = convolve(layers[f"{block}_a"], tf.nn.relu(image), padding="SAME")
        image += convolve(layers[f"{block}_b"], tf.nn.relu(change), padding="SAME")
    return image
