"""Nests of arrays as one .npz file, in which every array has the path of its names: "parts/q/layer_0/kernel"."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np


def to_bytes(nest: Any) -> bytes:
    """Nested dicts and named tuples of arrays as the content of an .npz file; the same arrays give the same bytes."""
    file = io.BytesIO()
    np.savez(file, **by_path(nest))
    return file.getvalue()


def from_bytes(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, by path."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def by_path(nest: Any, path: str = "") -> dict[str, np.ndarray]:
    """The arrays of a nest, by path."""
    found: dict[str, np.ndarray] = {}
    for name, value in members(nest):
        place = f"{path}/{name}" if path else name
        found |= {place: np.asarray(value)} if is_array(value) else by_path(value, place)
    return found


def as_nest(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Nested dicts of the arrays, by path."""
    nest: dict[str, Any] = {}
    for place, value in arrays.items():
        *outer, last = place.split("/")
        inner = nest
        for name in outer:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return nest


def filled_in(template: Any, arrays: dict[str, np.ndarray], path: str = "") -> Any:
    """A nest like the template, with the arrays of the same paths.

    Raises:
      ValueError: an array is missing, or has another shape or type.
    """
    if is_array(template):
        found, wanted = arrays.get(path), np.asarray(template)
        if found is None or (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
            raise ValueError(f"the checkpoint does not fit: {path}")
        return found
    values = {name: filled_in(value, arrays, f"{path}/{name}" if path else name) for name, value in members(template)}
    if isinstance(template, dict):
        return values
    return type(template)(**values) if hasattr(template, "_fields") else type(template)(values.values())


def members(nest: Any) -> Iterator[tuple[str, Any]]:
    """What a dict, a named tuple or a tuple holds, by name."""
    if isinstance(nest, dict):
        yield from nest.items()
    else:
        yield from zip(getattr(nest, "_fields", map(str, range(len(nest)))), nest, strict=True)


def is_array(value: Any) -> bool:
    """Tells whether something is a leaf of a nest."""
    return not isinstance(value, dict | tuple | list)
