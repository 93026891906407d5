"""What a network is to an agent: something that turns observations into features, and dense layers behind it.

Shapes: B batch, F features, A numbers of an action, U outputs.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from rliable.environments.base import Spaces
from rliable.environments.runtime import tf
from rliable.registry import NETWORKS
from rliable.schema import ConfigError, Problem
from rliable.seeding import derive_seed
from rliable.training.networks.dense import Weights, initial_mlp, mlp

#: What turns observations into features, in the parameters of a network; its dense layers stand beside it.
TORSO = "torso"


class Scales(NamedTuple):
    """What orthogonal initial weights are multiplied by.

    Attributes:
      hidden: of all layers but the last.
      last: of the last layer.
    """

    hidden: float
    last: float


class Network(ABC):
    """How the networks of an agent are built: features of what it sees, then dense layers.

    An object holds no weights: those are named arrays, which `initial` draws and `outputs` takes. An action whose value
    is asked for is appended to the features.

    Attributes:
      hidden_sizes: widths of the hidden dense layers; None for those that the hyperparameters name.
      activation: what follows each of them; None for what the hyperparameters name.
      is_fast_in_xla: whether XLA's programs are the fastest on a processor. Where it is false, TensorFlow's own
        operations learn and act in environments on the host. On a GPU XLA's are.
      gains_from_gpu: whether it learns on a GPU where `device` is auto and there is one.
      num_features: F, set when an object is made.
    """

    hidden_sizes: ClassVar[tuple[int, ...] | None] = None
    activation: ClassVar[str | None] = None
    is_fast_in_xla: ClassVar[bool] = True
    gains_from_gpu: ClassVar[bool] = False
    num_features: int

    def __init__(self, environment: Spaces) -> None:
        """Makes it for what an environment shows.

        Raises:
          ConfigError: it cannot see that.
        """
        self.environment = environment

    @abstractmethod
    def features(self, torso: Weights, observation: tf.Tensor) -> tf.Tensor:
        """What is seen in observations. [B, F]

        Args:
          torso: as `initial_torso` began it.
          observation: float32 [B, O], or uint8 [B, height, width, channels].
        """

    def initial_torso(self, seed: int, scale: float | None) -> Weights:
        """The weights that `features` starts with, NumPy arrays.

        Args:
          seed: of these weights.
          scale: of orthogonal weights; None for uniform ones, see `rliable.training.networks.dense.initial_mlp`.
        """
        return {}

    def initial(
        self, values: Any, seed: int, num_outputs: int, num_inputs: int = 0, scales: Scales | None = None
    ) -> Weights:
        """Draws the weights that a network starts with, by NumPy.

        Args:
          values: the hyperparameters.
          seed: of this network.
          num_outputs: U.
          num_inputs: A, the numbers that `outputs` gets beside the observation.
          scales: None for uniform weights.
        """
        hidden = values.hidden_sizes if self.hidden_sizes is None else self.hidden_sizes
        sizes = (self.num_features + num_inputs, *hidden, num_outputs)
        layers = initial_mlp(sizes, seed, scales and [scales.hidden] * len(hidden) + [scales.last])
        torso = self.initial_torso(derive_seed(seed, TORSO), scales and scales.hidden)
        return layers | ({TORSO: torso} if torso else {})

    def outputs(self, parameters: Weights, observation: tf.Tensor, action: tf.Tensor | None, activation: str) -> Any:
        """What a network gives. [B, U]

        Args:
          parameters: as `initial` began them.
          observation: as for `features`.
          action: what goes to the dense layers beside the features, [B, A]; None for nothing.
          activation: what the hyperparameters name.
        """
        inputs = self.features(parameters.get(TORSO, {}), observation)
        inputs = inputs if action is None else tf.concat([inputs, action], 1)
        layers = {name: layer for name, layer in parameters.items() if name != TORSO}
        return mlp(layers, inputs, self.activation or activation)


class FullyConnected(Network):
    """Dense layers alone, as the hyperparameters name them; of images they see every pixel, scaled to [0, 1]."""

    def __init__(self, environment: Spaces) -> None:
        super().__init__(environment)
        self.num_features = environment.observation_size

    def features(self, torso: Weights, observation: tf.Tensor) -> tf.Tensor:
        if self.environment.image_shape is None:
            return observation
        return tf.reshape(scaled_pixels(observation), [-1, self.num_features])


def scaled_pixels(image: tf.Tensor) -> tf.Tensor:
    """Bytes as numbers in [0, 1]. float32"""
    return tf.cast(image, tf.float32) / 255.0


def make_network(name: str | None, environment: Spaces) -> Network:
    """The network of a name, for what an environment shows.

    Args:
      name: one of `NETWORKS`, "package.module:Class" or "file.py:Class"; None for nature_cnn where there are images,
        and mlp elsewhere.
      environment: what the agent sees.

    Raises:
      ConfigError: there is no such network, or it cannot see that.
    """
    network: Network = NETWORKS.load(name or default_network(environment))(environment)
    return network


def default_network(environment: Spaces) -> str:
    """What sees where no network is named."""
    return "mlp" if environment.image_shape is None else "nature_cnn"


def as_network(name: str, found: Any) -> type[Network]:
    """What `network` names, once it is known to be one.

    Args:
      name: as the user wrote it.
      found: the object of that name.

    Raises:
      ConfigError: it is no class of a network.
    """
    if inspect.isclass(found) and issubclass(found, Network) and not inspect.isabstract(found):
        return found
    words = f"{name} is no subclass of rliable.training.networks.base.Network that says what its features are"
    raise ConfigError([Problem(NETWORKS.key, words)])
