"""What goes over the channel: a kind, JSON and raw bytes in one frame, and never a pickle.

A frame is one byte for the kind, four for the length of the JSON (big endian), the JSON `[fields, blob lengths]`, and
the blobs one after another. Floats keep every bit: Python writes the shortest text that reads back as the same number.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import struct
from collections.abc import Sequence
from typing import Any

from rliable.executors.worker import as_plain
from rliable.unit import Limits, ModelConfig, SliceRecord, Unit, UnitResult

HEADER = struct.Struct(">BI")
Fields = dict[str, Any]


class Kind(enum.IntEnum):
    """What a message is for; each line says from whom to whom."""

    HELLO = 1  # supervisor to driver: this slot is free; its name, process and host
    BEAT = 2  # supervisor to driver: still here
    RUN = 3  # driver to process: train and evaluate this unit
    RESULT = 4  # process to driver: what came of it
    OFFER = 5  # process to driver: these test episodes may be played elsewhere, with these files; one slice for me
    ASK = 6  # process to driver: one more slice for me
    NEXT = 7  # driver to process: the slice, or none
    PLAY = 8  # driver to process: play this slice of another process's run
    PLAYED = 9  # process to driver: its returns
    DIED = 10  # supervisor to driver: the process ended while it worked
    STOP = 11  # driver to supervisor: end
    START = 12  # supervisor to process: what it needs to know
    READY = 13  # process to supervisor: it has imported what it needs


@dataclasses.dataclass(frozen=True)
class Message:
    """A frame, read.

    Attributes:
      kind: what it is for.
      fields: its JSON object.
      blobs: its raw bytes.
    """

    kind: Kind
    fields: Fields
    blobs: list[bytes]


def pack(kind: Kind, fields: Fields | None = None, blobs: Sequence[bytes] = ()) -> bytes:
    """Makes a frame.

    Raises:
      TypeError: the fields hold what JSON cannot say.
    """
    text = json.dumps([fields or {}, [len(blob) for blob in blobs]], default=as_plain).encode()
    return b"".join([HEADER.pack(kind, len(text)), text, *blobs])


def unpack(frame: bytes) -> Message:
    """Reads a frame."""
    kind, length = HEADER.unpack_from(frame)
    fields, sizes = json.loads(frame[HEADER.size : HEADER.size + length])
    blobs, at = [], HEADER.size + length
    for size in sizes:
        blobs.append(frame[at : at + size])
        at += size
    return Message(Kind(kind), fields, blobs)


def kind_of(frame: bytes) -> Kind:
    """The kind of a frame that is passed on unread."""
    return Kind(frame[0])


def unit_fields(unit: Unit) -> Fields:
    """A unit as JSON."""
    return {**vars(unit), "model": vars(unit.model), "limits": vars(unit.limits)}


def read_unit(fields: Fields) -> Unit:
    """What `unit_fields` wrote."""
    return Unit(**{**fields, "model": ModelConfig(**fields["model"]), "limits": Limits(**fields["limits"])})


def pack_files(kind: Kind, fields: Fields, files: dict[str, bytes]) -> bytes:
    """A frame whose blobs are files."""
    return pack(kind, {**fields, "files": list(files)}, list(files.values()))


def read_files_of(message: Message) -> dict[str, bytes]:
    """The files in a message that `pack_files` made."""
    return dict(zip(message.fields["files"], message.blobs, strict=True))


def pack_result(result: UnitResult) -> bytes:
    """A result as a frame."""
    fields = {**vars(result), "slices": [vars(record) for record in result.slices]}
    return pack_files(Kind.RESULT, fields, result.files)


def read_result(message: Message) -> UnitResult:
    """What `pack_result` made."""
    slices = [SliceRecord(**record) for record in message.fields["slices"]]
    return UnitResult(**{**message.fields, "slices": slices, "files": read_files_of(message)})
