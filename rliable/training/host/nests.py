"""Nests of arrays taken apart and put together, faster than `tf.nest` does it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rliable.environments.runtime import tf


def leaves(nest: Any) -> list[Any]:
    """The arrays of a nest, in TensorFlow's order: of dicts by sorted names."""
    if isinstance(nest, dict):
        return [leaf for name in sorted(nest) for leaf in leaves(nest[name])]
    if isinstance(nest, tuple | list):
        return [leaf for part in nest for leaf in leaves(part)]
    return [nest]


def builder_of(structure: Any, numbers: Iterator[int]) -> Callable[[list[Any]], Any]:
    """What makes a nest of this structure of the list of its arrays, faster than `tf.nest.pack_sequence_as`.

    Args:
      structure: any such nest.
      numbers: the places of its arrays in the list, in TensorFlow's order.
    """
    if isinstance(structure, dict):
        named = {name: builder_of(structure[name], numbers) for name in sorted(structure)}
        return lambda arrays: {name: build(arrays) for name, build in named.items()}
    if isinstance(structure, tuple | list):
        parts = [builder_of(part, numbers) for part in structure]
        kind = type(structure) if hasattr(structure, "_fields") else None
        if kind is None:
            return lambda arrays: tuple([build(arrays) for build in parts])
        return lambda arrays: kind(*[build(arrays) for build in parts])
    return operator.itemgetter(next(numbers))


def spec_of(array: Any) -> Any:
    """The shape and type of an array, for tracing."""
    return tf.TensorSpec(np.shape(array), np.asarray(array).dtype)
