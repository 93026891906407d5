"""Images by number, in order of their arrival, of which the oldest are forgotten.

Shapes: H height, W width, C channels of a frame.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

#: How fast checkpoints are compressed, rather than how small: frames of games shrink to a twentieth all the same.
LEVEL = 1


class Frames:
    """Frames that are numbered as they come; memory is taken, and given back, for many of them at a time.

    Attributes:
      first, end: the numbers of the oldest one that is kept, and of the one to come.

    Args:
      shape: (H, W, C).
      length: about how many there will be.
    """

    def __init__(self, shape: tuple[int, int, int], length: int) -> None:
        self.shape = shape
        self.first = self.end = 0
        self._per_segment = -(-length // 32)
        self._segments: dict[int, np.ndarray] = {}

    def add(self, frame: np.ndarray) -> int:
        """Keeps a copy of a frame, uint8 [H, W, C]; gives its number."""
        segment, row = divmod(self.end, self._per_segment)
        self._segment(segment)[row] = frame
        self.end += 1
        return self.end - 1

    def forget(self, first: int) -> None:
        """Forgets all frames before a number."""
        for segment in range(self.first // self._per_segment, first // self._per_segment):
            self._segments.pop(segment, None)
        self.first = first

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """The frames of some numbers. uint8 [len(numbers), H, W, C]"""
        frames = np.empty([len(numbers), *self.shape], np.uint8)
        segments, rows = np.divmod(numbers, self._per_segment)
        for segment in np.unique(segments):
            is_there = segments == segment
            frames[is_there] = self._segments[segment][rows[is_there]]
        return frames

    @property
    def nbytes(self) -> int:
        """The memory that is taken."""
        return sum(segment.nbytes for segment in self._segments.values())

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps: all frames, compressed one after the other."""
        compressor = zlib.compressobj(LEVEL)
        pieces = [compressor.compress(part) for part in self._parts()]  # type: ignore[arg-type]
        content = b"".join([*pieces, compressor.flush()])
        return {"first": np.array(self.first), "end": np.array(self.end), "frames": np.frombuffer(content, np.uint8)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes back what a checkpoint kept."""
        self.first, self.end = int(arrays["first"]), int(arrays["end"])
        decompressor, content = zlib.decompressobj(), arrays["frames"].tobytes()
        for part in self._parts():
            piece = decompressor.decompress(content, part.nbytes)
            part[:] = np.frombuffer(piece, np.uint8).reshape(part.shape)
            content = decompressor.unconsumed_tail

    def _segment(self, number: int) -> np.ndarray:
        """The memory for a segment, taken where it is not yet."""
        if number not in self._segments:
            self._segments[number] = np.empty([self._per_segment, *self.shape], np.uint8)
        return self._segments[number]

    def _parts(self) -> Iterator[np.ndarray]:
        """The frames that are kept, segment by segment."""
        start = self.first
        while start < self.end:
            segment, row = divmod(start, self._per_segment)
            end = min(self._per_segment, row + self.end - start)
            yield self._segment(segment)[row:end]
            start += end - row
