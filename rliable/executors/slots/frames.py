"""Messages as frames of a bounded size: what is larger goes in pieces, which come together in memory or on disk."""

from __future__ import annotations

import contextlib
import io
import mmap
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from rliable.executors.slots.messages import CODES, Beat, Message, unpack

#: No frame is larger; nobody else is listened to while one comes in.
FRAME_BYTES = 2**20
#: In the first byte of a frame, beside the code of its message: more of the message follows.
MORE = 0x80


def send(channel: Connection, packed: bytes | memoryview) -> None:
    """Sends a packed message in as many frames as it takes.

    Raises:
      OSError: the channel is broken.
    """
    if len(packed) <= FRAME_BYTES:
        channel.send_bytes(packed)
        return
    code, body = packed[0], memoryview(packed)[1:]
    for start in range(0, len(body), FRAME_BYTES - 1):
        end = start + FRAME_BYTES - 1
        channel.send_bytes(bytes([code | MORE if end < len(body) else code]) + body[start:end])


def receive(channel: Connection) -> Message:
    """Waits for a message, however many frames it takes.

    Raises:
      EOFError, OSError: the channel is broken, or a frame is too large.
      ValueError: it is none of ours.
    """
    pieces = Pieces()
    while (packed := pieces.add(channel.recv_bytes(FRAME_BYTES))) is None:
        pass
    return unpack(packed)


def is_piece(frame: bytes) -> bool:
    """Whether more of a frame's message follows."""
    return bool(frame[0] & MORE)


class InMemory:
    """Where the pieces of one message come together."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()

    def add(self, piece: bytes | memoryview) -> None:
        """Takes the next piece."""
        self._buffer.write(piece)

    def content(self) -> memoryview:
        """All of them, when they are all there."""
        return self._buffer.getbuffer()


class OnDisk(InMemory):
    """The same in a file that has no name, so that it is gone with its last reader, however that ends.

    Where the disk is full it goes on in memory: what is to be written in the end tells of that.

    Args:
      folder: where the file is; None for the system's folder of temporary files.
    """

    def __init__(self, folder: Path | None) -> None:
        super().__init__()
        self._size = 0
        self._file: io.FileIO | None = None
        with contextlib.suppress(OSError):
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115

    def add(self, piece: bytes | memoryview) -> None:
        if self._file is not None and self._has_written(piece):
            self._size += len(piece)
            return
        if self._file is not None:
            self._go_on_in_memory(self._file)
        super().add(piece)

    def content(self) -> memoryview:
        if self._file is None:
            return super().content()
        return memoryview(mmap.mmap(self._file.fileno(), self._size, access=mmap.ACCESS_READ))

    def _go_on_in_memory(self, file: io.FileIO) -> None:
        if self._size:
            super().add(self.content())
        file.close()
        self._file = None

    def _has_written(self, piece: bytes | memoryview) -> bool:
        assert self._file is not None
        try:
            return self._file.write(piece) == len(piece)
        except OSError:
            return False


class Pieces:
    """Puts the frames that come over one channel together again.

    Between the pieces of a process's message there are none but its supervisor's beats. Any other frame tells that the
    rest will not come, since the process has died.

    Args:
      make_store: makes the place in which a message comes together.
    """

    def __init__(self, make_store: Callable[[], InMemory] = InMemory) -> None:
        self._make_store = make_store
        self._store: InMemory | None = None
        self._code: int | None = None  # of the message whose pieces come

    def add(self, frame: bytes) -> bytes | memoryview | None:
        """Takes a frame; gives the packed message that it completes, None while more is to come."""
        if frame[:1] == CODES[Beat]:
            return frame
        code, has_more = (frame[0] & ~MORE, is_piece(frame)) if frame else (None, False)
        if self._store is None or code != self._code:
            self._store = None
            if not has_more:
                return frame
            self._store, self._code = self._make_store(), code
            self._store.add(bytes([frame[0] & ~MORE]))
        self._store.add(memoryview(frame)[1:])
        return None if has_more else self._whole()

    def _whole(self) -> memoryview:
        """What has come together."""
        assert self._store is not None
        content, self._store = self._store.content(), None
        return content
