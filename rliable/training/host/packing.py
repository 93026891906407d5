"""The parts of an agent as one vector for each type of number, in which they go to compiled calls and come back.

A call of a program costs a few microseconds more with every array that goes in or out; agents have dozens. Large ones,
of which agents that see images have some, have vectors of their own: copying those would take longer.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from rliable.environments.runtime import tf
from rliable.training.host.nests import builder_of, leaves

#: The vectors, in the order of `Packing.names`.
Vectors = list[Any]
#: An array of more numbers has a vector of its own.
LARGE = 250_000


class Span(NamedTuple):
    """Where an array lies in the vector of a name."""

    name: str
    start: int
    end: int
    shape: tuple[int, ...]


class Packing:
    """How the arrays of one nest lie in vectors.

    Attributes:
      names: of the vectors: the type of the numbers, and for large arrays their place in the nest.

    Args:
      nest: NumPy arrays; what matters is shapes and types.
    """

    def __init__(self, nest: Any) -> None:
        self._places: list[Span] = []
        sizes: dict[str, int] = {}
        for array in map(np.asarray, leaves(nest)):
            size = math.prod(array.shape)
            name = f"{array.dtype.name} {len(self._places)}" if size > LARGE else array.dtype.name
            start = sizes.get(name, 0)
            self._places.append(Span(name, start, start + size, array.shape))
            sizes[name] = start + size
        self.names = sorted(sizes)
        self._build = builder_of(nest, iter(range(len(self._places))))

    def pack(self, nest: Any) -> Vectors:
        """NumPy arrays as vectors."""
        return self._joined(nest, lambda array: np.asarray(array).reshape(-1), np.concatenate)

    def pack_tensors(self, nest: Any) -> Vectors:
        """The same of tensors, in a graph."""
        return self._joined(nest, lambda tensor: tf.reshape(tensor, [-1]), lambda rows: tf.concat(rows, 0))

    def unpack(self, vectors: Vectors) -> Any:
        """The nest, from vectors of NumPy arrays or of tensors; of NumPy's it holds views."""
        by_name = dict(zip(self.names, vectors, strict=True))
        reshape = np.reshape if isinstance(vectors[0], np.ndarray) else tf.reshape
        cut = [reshape(by_name[place.name][place.start : place.end], place.shape) for place in self._places]
        return self._build(cut)

    def _joined(self, nest: Any, as_row: Any, join: Any) -> Vectors:
        rows: dict[str, list[Any]] = {name: [] for name in self.names}
        for place, array in zip(self._places, leaves(nest), strict=True):
            rows[place.name].append(as_row(array))
        return [parts[0] if len(parts) == 1 else join(parts) for parts in rows.values()]
