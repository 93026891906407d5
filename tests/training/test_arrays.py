"""Nests of arrays as files."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from rliable.training.arrays import as_nest, by_path, filled_in, from_bytes, to_bytes


class Pair(NamedTuple):
    """A part of a state."""

    left: Any
    right: Any


def make_nest() -> dict[str, Any]:
    return {
        "state": Pair({"q": {"kernel": np.float32([[1.5, -2.0]]), "count": np.int32(7)}}, (np.bool_([True]), ())),
        "iterations": np.int64(3),
    }


def test_arrays_have_the_path_of_their_names() -> None:
    paths = {"state/left/q/kernel", "state/left/q/count", "state/right/0", "iterations"}
    assert set(by_path(make_nest())) == paths
    assert set(from_bytes(to_bytes(make_nest()))) == paths


def test_what_is_read_is_what_was_written_to_the_bit_and_the_type() -> None:
    nest = {"a": np.float32([np.pi, -0.0, np.inf]), "b": np.float64(0.1), "c": np.int32(-3), "d": np.zeros((0, 4))}
    for path, array in from_bytes(to_bytes(nest)).items():
        expected = np.asarray(nest[path])
        assert (array.dtype, array.shape, array.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())


def test_the_same_arrays_give_the_same_bytes() -> None:
    assert to_bytes(make_nest()) == to_bytes(make_nest())


def test_a_nest_of_dicts_comes_back_from_its_paths() -> None:
    nest = {"q": {"layer_0": {"kernel": np.ones(2), "bias": np.zeros(1)}}, "count": np.int32(1)}
    found = as_nest(from_bytes(to_bytes(nest)))
    assert found.keys() == nest.keys() and found["q"]["layer_0"].keys() == {"kernel", "bias"}
    assert np.array_equal(found["q"]["layer_0"]["kernel"], np.ones(2)) and found["count"] == 1


def test_a_template_gives_back_tuples_with_and_without_names() -> None:
    nest = make_nest()
    found = filled_in(nest, from_bytes(to_bytes(nest)))
    assert isinstance(found["state"], Pair) and found["state"].right[1] == ()
    assert np.array_equal(found["state"].left["q"]["kernel"], [[1.5, -2.0]])
    assert by_path(found).keys() == by_path(nest).keys()


@pytest.mark.parametrize(
    ("path", "array"), [("a/b", None), ("a/b", np.zeros(3, np.float32)), ("a/b", np.zeros(2, np.float64))]
)
def test_arrays_that_are_missing_or_of_another_shape_or_type_do_not_fit(path: str, array: Any) -> None:
    arrays = {} if array is None else {path: array}
    with pytest.raises(ValueError, match="the checkpoint does not fit: a/b"):
        filled_in({"a": {"b": np.zeros(2, np.float32)}}, arrays)


def test_files_that_hold_python_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        from_bytes(to_bytes({"a": np.array([{}], object)}))
