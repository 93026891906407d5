"""Reads scalars from TensorBoard's event files while they are written; needs the tensorboard package alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: A record is its length (uint64), a checksum of that, the record, and its checksum.
HEAD_BYTES, FOOT_BYTES = 12, 4
LENGTH = struct.Struct("<Q")


def read_scalars(path: Path, tag: str, start: int) -> tuple[list[tuple[int, float]], int]:
    """The scalars of a tag as (step, value), and where the next call starts.

    Args:
      path: an event file; its last record need not be complete yet.
      tag: of the scalars.
      start: where to begin, in bytes.
    """
    if path.stat().st_size <= start:  # nothing new
        return [], start
    with path.open("rb") as file:
        file.seek(start)
        content = file.read()
    scalars: list[tuple[int, float]] = []
    end = 0
    for record, end in records_in(content):  # noqa: B007
        scalars += scalars_of(record, tag)
    return scalars, start + end


def records_in(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Each complete record, and where it ends."""
    start = 0
    while len(content) >= start + HEAD_BYTES:
        (size,) = LENGTH.unpack_from(content, start)
        first, end = start + HEAD_BYTES, start + HEAD_BYTES + size + FOOT_BYTES
        if end > len(content):
            return
        yield content[first : first + size], end
        start = end


def scalars_of(record: bytes, tag: str) -> Iterator[tuple[int, float]]:
    """The scalars of a tag in a record: as PyTorch and TensorFlow 1 write them, and as TensorFlow 2 does."""
    from tensorboard.compat.proto.event_pb2 import Event

    event = Event.FromString(record)
    for value in event.summary.value:
        if value.tag == tag and value.HasField("simple_value"):
            yield event.step, float(value.simple_value)
        elif value.tag == tag and value.HasField("tensor"):
            yield event.step, tensor_number(value.tensor)


def tensor_number(tensor: Any) -> float:
    """The number that a tensor holds."""
    from tensorboard.util.tensor_util import make_ndarray

    return float(make_ndarray(tensor).item())
