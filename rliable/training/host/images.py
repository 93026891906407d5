"""A ring of transitions between images, in which every frame is kept once.

An image that is stacked of the latest frames shares all but its newest one with the image before, and what follows a
step is what the next step begins from. So a transition costs one frame of memory, and an episode one more.

Shapes: C rows, E environments, K updates, B batch, N frames of an image.
"""

from __future__ import annotations

import numpy as np

from rliable.environments.base import Spaces
from rliable.training.agent import Experience
from rliable.training.host.frames import Frames
from rliable.training.host.ring import Columns, HostRing


class ImageRing(HostRing):
    """The latest transitions of one run.

    Attributes:
      frames: all that is needed of them.
      numbers: of the frames that were seen before and after each transition. [C, 2, N]
    """

    def __init__(self, columns: Columns, length: int, environment: Spaces, num_environments: int) -> None:
        super().__init__(columns, length)
        assert environment.image_shape is not None
        height, width, channels = environment.image_shape
        self._num_frames = environment.num_frames
        self.frames = Frames((height, width, channels // self._num_frames), length)
        self.numbers = np.zeros([length, 2, self._num_frames], np.int64)
        self._begins = [True] * num_environments  # whether the next step of each is the first of an episode

    def append(self, new: Experience) -> None:
        for index, begins in enumerate(self._begins):
            seen, after = self._split(new.observation[index]), self._split(new.next_observation[index])
            numbers = self._add_all(seen) if begins else self.numbers[self._last_row(index), 1].tolist()
            self.numbers[(self.num_written + index) % len(self.rows)] = numbers, self._add_next(after, seen, numbers)
        self._begins = new.is_boundary.tolist()
        super().append(new)
        self._forget()

    def images(self, first: np.ndarray, last: np.ndarray) -> list[np.ndarray]:
        length = len(self.rows)
        return [self._joined(self.numbers[first % length, 0]), self._joined(self.numbers[last % length, 1])]

    def to_arrays(self) -> dict[str, np.ndarray]:
        size = min(self.num_written, len(self.rows))
        return super().to_arrays() | self.frames.to_arrays() | {"numbers": self.numbers[:size]}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        super().restore(arrays)
        self.frames.restore(arrays)
        self.numbers[: len(arrays["numbers"])] = arrays["numbers"]
        if self.num_written:
            self._begins = [bool(self.is_boundary[self._last_row(index)]) for index in range(len(self._begins))]

    def _last_row(self, index: int) -> int:
        """Where the latest transition of an environment is, before the next ones are written."""
        return (self.num_written + index - len(self._begins)) % len(self.rows)

    def _split(self, image: np.ndarray) -> np.ndarray:
        """An image [H, W, N·C] as its frames, the oldest first. [N, H, W, C]"""
        height, width, _ = image.shape
        return np.moveaxis(image.reshape(height, width, self._num_frames, -1), 2, 0)

    def _joined(self, numbers: np.ndarray) -> np.ndarray:
        """The images [K, B, H, W, N·C] that consist of frames with these numbers [K, B, N]."""
        frames = self.frames.take(numbers.ravel()).reshape(*numbers.shape, *self.frames.shape)
        return np.moveaxis(frames, 2, 4).reshape(*numbers.shape[:2], *self.frames.shape[:2], -1)

    def _add_all(self, frames: np.ndarray) -> list[int]:
        """Keeps the frames of an image; those that only repeat the one before, as at the start of an episode, once."""
        numbers: list[int] = []
        for index, frame in enumerate(frames):
            is_repeated = index > 0 and np.array_equal(frame, frames[index - 1])
            numbers.append(numbers[-1] if is_repeated else self.frames.add(frame))
        return numbers

    def _add_next(self, frames: np.ndarray, before: np.ndarray, numbers: list[int]) -> list[int]:
        """Keeps the frames of an image that followed another one; all of them if it is not stacked upon that."""
        if np.array_equal(frames[:-1], before[1:]):
            return [*numbers[1:], self.frames.add(frames[-1])]
        return self._add_all(frames)

    def _forget(self) -> None:
        """Forgets the frames that no transition needs; later ones of an environment need none that is older."""
        if self.num_written > len(self.rows):
            oldest = self.num_written + np.arange(len(self._begins))
            self.frames.forget(int(self.numbers[oldest % len(self.rows)].min()))
