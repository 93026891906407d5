"""What is compiled in, rounded up so that few programs serve many runs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rliable.training.hyperparameters import OffPolicyHyperparameters, OnPolicyHyperparameters, RunHyperparameters
from rliable.training.shapes import (
    as_namespace,
    numbers_of,
    padded_batch,
    padded_capacity,
    padded_width,
    padded_widths,
    shape_of,
)

VALUES = OffPolicyHyperparameters(train_iterations=10)


@pytest.mark.parametrize(
    ("width", "compiled"),
    [(1, 32), (32, 32), (33, 64), (100, 128), (256, 256), (257, 320), (300, 320), (400, 448), (512, 512), (700, 768)],
)
def test_widths_are_rounded_up_to_powers_of_two_and_wide_ones_to_quarters_between(width: int, compiled: int) -> None:
    assert padded_width(width) == compiled
    assert padded_width(compiled) == compiled


def test_every_layer_is_rounded_up_on_its_own() -> None:
    assert padded_widths([400, 7]) == (448, 32)
    assert padded_widths(100) == 128
    assert padded_widths([]) == () and padded_widths(None) is None


def test_batches_and_replays_are_rounded_up_to_powers_of_two() -> None:
    assert [padded_batch(size) for size in (1, 16, 17, 64, 100)] == [16, 16, 32, 64, 128]
    assert [padded_capacity(length, 42) for length in (1, 100_000, 131_073)] == [131_072, 131_072, 262_144]
    assert [padded_capacity(length, 410) for length in (1, 16_385)] == [16_384, 32_768]
    assert padded_capacity(5, 10**9) == 8


def test_a_shape_holds_what_is_compiled_in_and_what_is_unset() -> None:
    shape = dict(shape_of(dataclasses.replace(VALUES, fc_layer_params=[20, 40], batch_size=20)))
    assert shape["fc_layer_params"] == (32, 64) and shape["batch_size"] == 32
    assert shape["num_environments"] == 1 and shape["activation"] == "relu"
    assert shape["gradient_clipping"] is None
    assert "gamma" not in shape and "n_step" not in shape
    assert "gradient_clipping" not in dict(shape_of(dataclasses.replace(VALUES, gradient_clipping=0.5)))
    assert as_namespace(shape_of(VALUES)).activation == "relu"
    assert hash(shape_of(VALUES)) == hash(shape_of(dataclasses.replace(VALUES)))


def test_what_only_the_run_around_a_program_reads_is_no_part_of_it() -> None:
    watched = dataclasses.replace(VALUES, checkpoint_interval_steps=5, num_test_episodes=3, num_eval_episodes=7)
    assert shape_of(watched) == shape_of(VALUES)
    assert numbers_of(watched) == numbers_of(VALUES)


def test_numbers_are_what_is_not_compiled_in_and_the_true_size_of_what_is_rounded() -> None:
    numbers = numbers_of(dataclasses.replace(VALUES, batch_size=20, gamma=0.5, n_step=3))
    assert numbers["batch_size"] == 20 and numbers["gamma"] == np.float32(0.5) and numbers["n_step"] == 3
    assert {type(numbers["batch_size"]), type(numbers["n_step"])} == {np.int32}
    assert type(numbers["gamma"]) is np.float32
    for name in ("fc_layer_params", "activation", "num_environments", "gradient_clipping"):
        assert name not in numbers


def test_every_setting_is_compiled_in_or_an_input_or_only_read_around_programs() -> None:
    given = set(dict(shape_of(VALUES))) | set(numbers_of(VALUES))
    around = {"num_eval_episodes", "num_test_episodes", "eval_interval", "checkpoint_interval_steps"}
    around |= {"env_workers", "env_step_timeout_seconds", "device"}
    assert given == {field.name for field in dataclasses.fields(VALUES)} - around


@pytest.mark.parametrize(
    ("values", "fitting"),
    [
        (dataclasses.replace(VALUES, train_iterations=3000, train_steps_per_iteration=10**6), 2147),
        (OnPolicyHyperparameters(train_iterations=10**6, num_epochs=10**4, batch_size=8), 838),
    ],
)
def test_updates_that_32_bits_cannot_count_are_found(values: RunHyperparameters, fitting: int) -> None:
    (problem,) = [problem for problem in values.problems() if "updates" in problem.words]
    assert problem.path == "train_iterations" and problem.words.endswith(f"at most {fitting} iterations fit")
    assert not dataclasses.replace(values, train_iterations=fitting).problems()


@pytest.mark.parametrize("number", [1e-60, -1e39, 1e300])
def test_numbers_that_32_bits_cannot_hold_are_found(number: float) -> None:
    (problem,) = dataclasses.replace(VALUES, adam_epsilon=number).problems()
    assert problem.path == "adam_epsilon" and f"{number:g} does not fit into 32 bits" in problem.words
