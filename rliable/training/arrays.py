"""Nests of arrays on disk: one .npz file, in which every array has the path of its names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def save_arrays(path: Path, nest: dict[str, Any]) -> None:
    """Writes nested dicts of arrays."""
    np.savez(path, **by_path(nest))


def load_arrays(path: Path) -> dict[str, Any]:
    """Reads what `save_arrays` wrote."""
    nest: dict[str, Any] = {}
    with np.load(path, allow_pickle=False) as file:
        for name in file.files:
            *folders, last = name.split("/")
            inner = nest
            for folder in folders:
                inner = inner.setdefault(folder, {})
            inner[last] = file[name]
    return nest


def by_path(nest: dict[str, Any], prefix: str = "") -> dict[str, np.ndarray]:
    """The arrays of nested dicts, by path: {"q": {"layer_0": …}} gives "q/layer_0"."""
    found: dict[str, np.ndarray] = {}
    for name, value in nest.items():
        found |= (
            by_path(value, f"{prefix}{name}/") if isinstance(value, dict) else {f"{prefix}{name}": np.asarray(value)}
        )
    return found
