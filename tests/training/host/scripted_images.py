"""Experience of images that is written down rather than played, for tests of what remembers it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rliable.environments.base import Spaces
from rliable.training.agent import Experience


class Pictures(Spaces):
    """What is seen are images that are stacked of some frames.

    Args:
      side: height and width.
      num_frames: how many frames, of one channel each.
    """

    name = "Pictures"
    num_actions = 5

    def __init__(self, side: int, num_frames: int) -> None:
        self.image_shape = (side, side, num_frames)
        self.observation_size, self.num_frames = side * side * num_frames, num_frames


class Numbers(Spaces):
    """The same pixels as numbers, of which a memory keeps every one."""

    name = "Numbers"
    num_actions = 5

    def __init__(self, pictures: Pictures) -> None:
        self.observation_size = pictures.observation_size


class Film:
    """Episodes in environments side by side.

    Args:
      random: draws frames and lengths.
      pictures: what they look like.
      number: of environments.
      mean_length: of an episode, in steps.
      is_stacked: whether an image holds the frames of those before it; else all are new.
      num_shades: how many values a pixel may have; few make frames alike.
    """

    def __init__(
        self,
        random: np.random.Generator,
        pictures: Pictures,
        number: int,
        mean_length: float,
        is_stacked: bool = True,
        num_shades: int = 256,
    ) -> None:
        self._random, self._pictures, self._number = random, pictures, number
        self._mean_length, self._is_stacked, self._num_shades = mean_length, is_stacked, num_shades

    def steps(self, num_steps: int) -> Iterator[Experience]:
        """What is seen and done in each step, in all environments."""
        shown = np.stack([self._first() for _ in range(self._number)])
        for _ in range(num_steps):
            after = np.stack([self._next(image) for image in shown])
            is_boundary = self._random.random(self._number) < 1 / self._mean_length
            yield Experience(
                shown,
                self._random.integers(5, size=self._number).astype(np.int32),
                self._random.normal(size=self._number).astype(np.float32),
                is_boundary & (self._random.random(self._number) < 0.5),
                is_boundary,
                after,
                {},
            )
            shown = np.stack([self._first() if ends else after[i] for i, ends in enumerate(is_boundary)])

    def _first(self) -> np.ndarray:
        """The first image of an episode: a frame repeated, or behind black ones."""
        frame, count = self._frame(), self._pictures.num_frames
        before = frame if self._random.random() < 0.5 else np.zeros_like(frame)
        return np.concatenate([before] * (count - 1) + [frame], 2) if self._is_stacked else self._image()

    def _next(self, image: np.ndarray) -> np.ndarray:
        return np.concatenate([image[:, :, 1:], self._frame()], 2) if self._is_stacked else self._image()

    def _image(self) -> np.ndarray:
        return np.concatenate([self._frame() for _ in range(self._pictures.num_frames)], 2)

    def _frame(self) -> np.ndarray:
        side = self._pictures.image_shape[0]
        return self._random.integers(self._num_shades, size=(side, side, 1)).astype(np.uint8)
