"""The parts of an agent as one vector for each type of number, in which they go to compiled calls and come back.

A call of a program costs a few microseconds more with every array that goes in or out; agents have dozens.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from rliable.environments.runtime import tf
from rliable.training.host.functions import builder_of, leaves

#: A vector for each type of number, in the order of `Packing.dtypes`.
Vectors = list[Any]


class Span(NamedTuple):
    """Where an array lies in the vector of its type."""

    dtype: str
    start: int
    end: int
    shape: tuple[int, ...]


class Packing:
    """How the arrays of one nest lie in vectors.

    Attributes:
      dtypes: the names of the types.

    Args:
      nest: NumPy arrays; what matters is shapes and types.
    """

    def __init__(self, nest: Any) -> None:
        self._places: list[Span] = []
        sizes: dict[str, int] = {}
        for array in map(np.asarray, leaves(nest)):
            dtype, size = array.dtype.name, math.prod(array.shape)
            start = sizes.get(dtype, 0)
            self._places.append(Span(dtype, start, start + size, array.shape))
            sizes[dtype] = start + size
        self.dtypes = sorted(sizes)
        self._build = builder_of(nest, iter(range(len(self._places))))

    def pack(self, nest: Any) -> Vectors:
        """NumPy arrays as vectors."""
        return self._joined(nest, lambda array: np.asarray(array).reshape(-1), np.concatenate)

    def pack_tensors(self, nest: Any) -> Vectors:
        """The same of tensors, in a graph."""
        return self._joined(nest, lambda tensor: tf.reshape(tensor, [-1]), lambda rows: tf.concat(rows, 0))

    def unpack(self, vectors: Vectors) -> Any:
        """The nest, from vectors of NumPy arrays or of tensors; of NumPy's it holds views."""
        by_type = dict(zip(self.dtypes, vectors, strict=True))
        reshape = np.reshape if isinstance(vectors[0], np.ndarray) else tf.reshape
        cut = [reshape(by_type[place.dtype][place.start : place.end], place.shape) for place in self._places]
        return self._build(cut)

    def _joined(self, nest: Any, as_row: Any, join: Any) -> Vectors:
        rows: dict[str, list[Any]] = {dtype: [] for dtype in self.dtypes}
        for place, array in zip(self._places, leaves(nest), strict=True):
            rows[place.dtype].append(as_row(array))
        return [join(rows[dtype]) for dtype in self.dtypes]
