"""Networks: their layers against NumPy, how their weights begin, and that filling them up changes nothing."""

from __future__ import annotations

import gc
import itertools

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.func_graph import FuncGraph

from rliable.training.networks.dense import affine, filled_up, initial_mlp, mlp, product
from rliable.training.optimizer import adam_step, initial_adam


def compiled(function):
    return tf.function(function, jit_compile=True, autograph=False)


def random_layer(inputs: int, units: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    shapes = ((6, inputs), (inputs, units), (units,))
    first, second, third = (random.normal(size=shape).astype(np.float32) for shape in shapes)
    return first, second, third


@pytest.mark.parametrize(("inputs", "units"), [(1, 1), (3, 2), (8, 8), (9, 40), (40, 9), (64, 3)])
def test_affine_and_its_gradients_are_those_of_numpy(inputs: int, units: int) -> None:
    """On both sides of the width below which a product is written as a sum."""
    x, kernel, bias = random_layer(inputs, units)
    upstream = np.random.default_rng(2).normal(size=(6, units)).astype(np.float32)

    def compute(*arguments: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            output = affine(*arguments)
        return output, tape.gradient(output, arguments, upstream)

    output, gradients = compiled(compute)(*(tf.constant(array) for array in (x, kernel, bias)))
    assert np.allclose(output, x @ kernel + bias, rtol=1e-5, atol=1e-5)
    for found, expected in zip(gradients, (upstream @ kernel.T, x.T @ upstream, upstream.sum(0)), strict=True):
        assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_gradients_of_gradients_are_right_too() -> None:
    """As a penalty on slopes would need them: d/dK |d(x K)/dx|² = 2 (row sums of K), for every column."""
    x, kernel, bias = (tf.constant(array) for array in random_layer(3, 2))
    with tf.GradientTape() as outer:
        outer.watch(kernel)
        with tf.GradientTape() as inner:
            inner.watch(x)
            total = tf.reduce_sum(affine(x, kernel, bias))
        penalty = tf.reduce_sum(tf.square(inner.gradient(total, x)))
    expected = 2 * 6 * np.repeat(kernel.numpy().sum(1, keepdims=True), 2, 1)
    assert np.allclose(outer.gradient(penalty, kernel), expected, rtol=1e-5)


def test_a_dropped_program_with_networks_leaves_no_graph_behind() -> None:
    """TensorFlow keeps the graph in which a custom gradient was used; a program has several, of megabytes."""

    def descend(parameters: dict, steps: tf.Tensor) -> dict:
        def step(count: tf.Tensor, parameters: dict) -> tuple[tf.Tensor, dict]:
            with tf.GradientTape() as tape:
                tape.watch(parameters)
                loss = tf.reduce_sum(tf.square(mlp(parameters, tf.ones([6, 3]), "relu")))
            gradients = tape.gradient(loss, parameters)
            return count + 1, tf.nest.map_structure(lambda w, g: w - 0.01 * g, parameters, gradients)

        return tf.while_loop(lambda count, _: count < steps, step, (tf.constant(0), parameters))[1]

    def count_loops() -> int:
        gc.collect()
        return sum(isinstance(item, FuncGraph) and "while" in item.name for item in gc.get_objects())

    before = count_loops()
    for units in (5, 40):
        compiled(descend)(initial_mlp((3, units, 2), seed=1), tf.constant(2))
    assert count_loops() == before


@pytest.mark.parametrize("inner", [1, 2, 8, 9, 50])
def test_product_is_that_of_numpy(inner: int) -> None:
    left, right, _ = random_layer(inner, 7)
    assert np.allclose(compiled(product)(left, right), left @ right, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_activations_follow_all_layers_but_the_last(activation: str) -> None:
    parameters = initial_mlp((4, 5, 6, 2), seed=1)
    x = np.random.default_rng(1).normal(size=(10, 4)).astype(np.float32)
    function = {"relu": lambda values: np.maximum(values, 0), "tanh": np.tanh}[activation]
    layers = [(layer["kernel"], layer["bias"]) for layer in parameters.values()]
    hidden = function(function(x @ layers[0][0] + layers[0][1]) @ layers[1][0] + layers[1][1])
    assert np.allclose(mlp(parameters, x, activation), hidden @ layers[2][0] + layers[2][1], rtol=1e-4, atol=1e-6)


def test_more_than_ten_layers_keep_their_order() -> None:
    parameters = initial_mlp((1,) * 12 + (2,), seed=1)
    assert mlp(parameters, tf.ones([3, 1]), "tanh").shape == (3, 2)


def test_weights_begin_uniform_within_the_root_of_the_inputs_as_pytorch_draws_them() -> None:
    for (inputs, units), layer in zip(((4, 400), (400, 300), (300, 2)), true_layers((4, 400, 300, 2)), strict=True):
        bound = 1 / np.sqrt(inputs)
        for array in layer:
            assert array.dtype == np.float32 and np.abs(array).max() <= bound
            assert array.size < 100 or np.abs(array).max() == pytest.approx(bound, rel=0.05)
            assert array.size < 100 or array.std() == pytest.approx(bound / np.sqrt(3), rel=0.08)
        assert layer[0].mean() == pytest.approx(0, abs=0.1 * bound)
        assert layer[1].shape == (units,) and np.unique(layer[1]).size == units


def true_layers(sizes: tuple[int, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernels and biases without what only fills them up, which is zero."""
    layers = []
    parameters = initial_mlp(sizes, seed=1)
    for (inputs, units), layer in zip(itertools.pairwise(sizes), parameters.values(), strict=True):
        kernel, bias = layer["kernel"], layer["bias"]
        assert not kernel[inputs:].any() and not kernel[:, units:].any() and not bias[units:].any()
        layers.append((kernel[:inputs, :units], bias[:units]))
    return layers


def test_orthogonal_weights_keep_lengths_up_to_their_scale() -> None:
    parameters = initial_mlp((4, 64, 64, 3), seed=1, scales=(np.sqrt(2), 1.0, 0.01))
    shapes = ((4, 64), (64, 64), (64, 3))
    for (inputs, units), scale, layer in zip(shapes, (np.sqrt(2), 1.0, 0.01), parameters.values(), strict=True):
        kernel = layer["kernel"].astype(np.float64) / scale
        square = kernel @ kernel.T if inputs <= units else kernel.T @ kernel
        assert np.allclose(square, np.eye(min(inputs, units)), atol=1e-5)
        assert not layer["bias"].any()


def test_orthogonal_weights_have_no_preferred_direction() -> None:
    """Without the signs of the triangle, QR gives the first column a preferred sign."""
    first = [initial_mlp((3, 3), seed=seed, scales=(1.0,))["layer_0"]["kernel"][0, 0] for seed in range(200)]
    assert abs(np.mean(first)) < 0.15


def test_seed_decides_the_weights_and_layers_have_their_own() -> None:
    one, again, other = (initial_mlp((8, 8, 8), seed)["layer_0"]["kernel"] for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert not np.array_equal(one[:8, :8], initial_mlp((8, 8, 8), 1)["layer_1"]["kernel"][:8, :8])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_filled_up_layers_train_as_if_they_were_not(activation: str) -> None:
    """Fifty steps of Adam on networks of 5 and 7 units, as they are compiled and without any zeros."""
    sizes = (3, 5, 7, 2)
    wide, narrow = initial_mlp(sizes, seed=1), {}
    for (name, layer), (inputs, units) in zip(wide.items(), itertools.pairwise(sizes), strict=True):
        narrow[name] = {"kernel": layer["kernel"][:inputs, :units], "bias": layer["bias"][:units]}
    random = np.random.default_rng(1)
    x, y = random.normal(size=(20, 3)).astype(np.float32), random.normal(size=(20, 2)).astype(np.float32)

    def step(parameters, adam):
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            loss = tf.reduce_mean(tf.square(mlp(parameters, x, activation) - y))
        return *adam_step(parameters, tape.gradient(loss, parameters), adam, 0.01, 1e-8, 0.5), loss

    trained = []
    for parameters in (wide, narrow):
        adam, update = initial_adam(parameters), compiled(step)
        for _ in range(50):
            parameters, adam, loss = update(parameters, adam)
        trained.append((parameters, adam, float(loss)))
    (wide, wide_adam, wide_loss), (narrow, narrow_adam, narrow_loss) = trained
    assert wide_loss == pytest.approx(narrow_loss, rel=1e-4)
    moments = [(wide_adam[name], narrow_adam[name]) for name in ("first", "second")]
    for one, other in ((wide, narrow), *moments):
        for filled, plain in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
            assert np.allclose(filled, filled_up(np.asarray(plain), *filled.shape), rtol=1e-3, atol=1e-5)
            ends = tuple(slice(0, size) for size in plain.shape)
            rest = filled.numpy().copy()
            rest[ends] = 0
            assert not rest.any()
