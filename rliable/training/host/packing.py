"""The parts of an agent as one vector for each type of number, in which they go to compiled calls and come back.

A call of a program costs a few microseconds more with every array that goes in or out; agents have dozens.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from rliable.environments.runtime import tf
from rliable.training.agent import Parts

Vectors = dict[str, Any]


class Place(NamedTuple):
    """Where an array lies in the vector of its type."""

    dtype: str
    start: int
    end: int
    shape: tuple[int, ...]


class Packing:
    """How the parts of one agent lie in vectors.

    Args:
      parts: NumPy arrays; what matters is shapes and types.
    """

    def __init__(self, parts: Parts) -> None:
        self._structure = parts
        self._places: list[Place] = []
        self.sizes: dict[str, int] = {}
        for array in map(np.asarray, tf.nest.flatten(parts)):
            dtype, size = array.dtype.name, math.prod(array.shape)
            start = self.sizes.get(dtype, 0)
            self._places.append(Place(dtype, start, start + size, array.shape))
            self.sizes[dtype] = start + size

    def pack(self, parts: Parts) -> Vectors:
        """NumPy arrays as vectors."""
        return self._joined(parts, lambda array: np.asarray(array).reshape(-1), np.concatenate)

    def pack_tensors(self, parts: Parts) -> Vectors:
        """The same of tensors, in a graph."""
        return self._joined(parts, lambda tensor: tf.reshape(tensor, [-1]), lambda rows: tf.concat(rows, 0))

    def unpack(self, vectors: Vectors) -> Parts:
        """The parts, from vectors of NumPy arrays or of tensors; of NumPy's they are views."""
        arrays = [self._cut(vectors[place.dtype], place) for place in self._places]
        return tf.nest.pack_sequence_as(self._structure, arrays)  # type: ignore[no-any-return]

    def _cut(self, vector: Any, place: Place) -> Any:
        reshape = np.reshape if isinstance(vector, np.ndarray) else tf.reshape
        return reshape(vector[place.start : place.end], place.shape)

    def _joined(self, parts: Parts, as_row: Any, join: Any) -> Vectors:
        rows: dict[str, list[Any]] = {dtype: [] for dtype in self.sizes}
        for place, array in zip(self._places, tf.nest.flatten(parts), strict=True):
            rows[place.dtype].append(as_row(array))
        return {dtype: join(of_type) for dtype, of_type in rows.items()}
