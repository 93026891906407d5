"""What instances of an environment are told and show, in memory that several processes share.

The memory has no name, so nothing is left of it when the last process that holds it is gone, however that ended.

Shapes: E instances, W processes, O numbers of observation (or height, width, channels), A numbers of a continuous
action.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import NamedTuple

import numpy as np

from rliable.environments.base import Spaces

#: Each array begins at a multiple of so many bytes: where a line of the processor's cache does.
ALIGNMENT = 64


class SharedArrays(NamedTuple):
    """The arrays; a process writes those rows that are its instances'.

    Attributes:
      action: what each is told to do. int32 [E] or float32 [E, A]
      observation: what each shows. float32 [E, O] or uint8 [E, …]
      reward: of the last step. float64 [E]
      terminated: whether the episode came to an end of its own. bool [E]
      truncated: whether it was cut. bool [E]
      continues: whether the last reset went on from where it was. bool [E]
      began: when each process began its latest step or reset, monotonic seconds. float64 [W]
    """

    action: np.ndarray
    observation: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    continues: np.ndarray
    began: np.ndarray


#: The type and the shape of each array.
Layout = tuple[tuple[str, tuple[int, ...]], ...]


def layout_for(spaces: Spaces, number: int, num_workers: int) -> Layout:
    """The arrays for E = `number` instances in W = `num_workers` processes."""
    action = ("int32", (number,)) if spaces.num_actions else ("float32", (number, len(spaces.action_low)))
    shown = ("uint8", spaces.image_shape) if spaces.image_shape else ("float32", (spaces.observation_size,))
    flags = ("bool", (number,))
    observation = (shown[0], (number, *shown[1]))
    return action, observation, ("float64", (number,)), flags, flags, flags, ("float64", (num_workers,))


def new_memory(layout: Layout) -> int:
    """A file without a name that has room for the arrays; who opens it closes it."""
    if hasattr(os, "memfd_create"):
        memory = os.memfd_create("rliable")
    else:
        with tempfile.TemporaryFile() as file:
            memory = os.dup(file.fileno())
    os.ftruncate(memory, sum(padded_bytes(*form) for form in layout))
    return memory


def open_arrays(memory: int, layout: Layout) -> SharedArrays:
    """The arrays in a file; it may be closed when they are open."""
    block, offset = mmap.mmap(memory, 0), 0
    arrays: list[np.ndarray] = []
    for dtype, shape in layout:
        arrays.append(np.ndarray(shape, dtype, block, offset))
        offset += padded_bytes(dtype, shape)
    return SharedArrays(*arrays)


def padded_bytes(dtype: str, shape: tuple[int, ...]) -> int:
    """The bytes that an array takes, with what is left free behind it."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    return -(-size // ALIGNMENT) * ALIGNMENT
