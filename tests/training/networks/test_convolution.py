"""Networks for images: their sizes against the papers', their layers against NumPy, and what they refuse."""

import math

import numpy as np
import pytest
import tensorflow as tf

from rliable.registry import NETWORKS
from rliable.schema import ConfigError
from rliable.training.arrays import by_path
from rliable.training.hyperparameters import RunHyperparameters
from rliable.training.networks.base import Scales, make_network
from rliable.training.networks.convolution import convolve, initial_convolution
from tests.training.host.scripted_images import Numbers, Pictures

VALUES = RunHyperparameters(train_iterations=1, fc_layer_params=[32])
IMAGE_NETWORKS = [name for name in NETWORKS.table if name != "mlp"]


def num_weights(name: str, side: int = 84, num_outputs: int = 6) -> int:
    parameters = make_network(name, Pictures(side, 4)).initial(VALUES, 1, num_outputs)
    return sum(array.size for array in by_path(parameters).values())


def test_the_networks_have_as_many_weights_as_those_of_the_papers() -> None:
    """For Atari's six actions: 1,687,206 of the one, of the other 15 convolutions and a layer of 256."""
    assert num_weights("nature_cnn") == 1_687_206
    convolutions = sum(9 * i * o + o for i, o in [(4, 16), *[(16, 16)] * 4, (16, 32), *[(32, 32)] * 4, *[(32, 32)] * 5])
    assert num_weights("impala_cnn") == convolutions + 11 * 11 * 32 * 256 + 256 + 256 * 6 + 6


def test_a_convolution_is_the_sum_over_a_window() -> None:
    random = np.random.default_rng(1)
    image, layer = random.normal(size=(2, 7, 7, 3)), initial_convolution(1, 3, 3, 5, None)
    layer["bias"][:] = random.normal(size=5)
    found = convolve(layer, tf.constant(image, tf.float32), stride=2)
    expected = np.stack(
        [
            [[np.tensordot(one[r : r + 3, c : c + 3], layer["kernel"], 3) for c in (0, 2, 4)] for r in (0, 2, 4)]
            for one in image
        ]
    )
    assert np.allclose(found, expected + layer["bias"], atol=1e-5)


def test_initial_kernels_are_those_of_pytorch_or_orthogonal() -> None:
    layer = initial_convolution(1, 8, 4, 32, None)
    bound = 1 / math.sqrt(8 * 8 * 4)
    assert 0.95 * bound < np.abs(layer["kernel"]).max() <= bound
    assert 0 < np.abs(layer["bias"]).max() <= bound
    rows = initial_convolution(1, 8, 4, 32, 2.0)["kernel"].reshape(-1, 32)
    assert np.allclose(rows.T @ rows, 4 * np.eye(32), atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS.table)
def test_a_network_sees_pixels_between_0_and_1_and_an_action_beside_them(name: str) -> None:
    network = make_network(name, Pictures(40, 2))
    parameters = network.initial(VALUES, 1, 3, 2, Scales(1.0, 1.0))
    random = np.random.default_rng(1)
    image, action = random.integers(256, size=(5, 40, 40, 2)).astype(np.uint8), random.normal(size=(5, 2))
    outputs = network.outputs(parameters, tf.constant(image), tf.constant(action, tf.float32), "relu")
    bright = network.features(parameters.get("torso", {}), tf.constant(image))
    half = network.features(parameters.get("torso", {}), tf.constant(image // 2))
    assert outputs.shape == (5, 3)
    assert bright.shape == (5, network.num_features)
    assert np.abs(half).max() < np.abs(bright).max()
    assert np.abs(bright).max() <= (1.0 if name == "mlp" else 10.0)


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_other_seeds_give_other_weights_in_every_layer(name: str) -> None:
    one, other = (by_path(make_network(name, Pictures(40, 2)).initial(VALUES, seed, 3)) for seed in (1, 2))
    kernels = [path for path in one if path.endswith("kernel")]
    assert not any(np.array_equal(one[path], other[path]) for path in kernels)
    assert len({one[path].tobytes() for path in kernels}) == len(kernels)


def test_images_are_seen_by_convolutions_unless_another_network_is_named() -> None:
    assert type(make_network(None, Pictures(84, 4))).__name__ == "NatureCNN"
    assert type(make_network(None, Numbers(Pictures(84, 4)))).__name__ == "FullyConnected"
    assert type(make_network("mlp", Pictures(84, 4))).__name__ == "FullyConnected"


@pytest.mark.parametrize(
    ("name", "environment", "words"),
    [
        ("nature_cnn", Pictures(20, 1), "at least 36 x 36 pixels; Pictures shows 20 x 20"),
        ("impala_cnn", Numbers(Pictures(2, 1)), "needs images; Numbers shows 4 numbers"),
        ("nature_cn", Pictures(84, 4), "unknown network 'nature_cn'; did you mean 'nature_cnn'?"),
        ("builtins:int", Pictures(84, 4), "builtins:int is no subclass"),
        ("builtins:len", Pictures(84, 4), "builtins:len is no subclass"),
    ],
)
def test_what_a_network_cannot_see_is_one_line(name: str, environment: object, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        make_network(name, environment)
    assert words in str(error.value)
    assert str(error.value).startswith("network: ")
