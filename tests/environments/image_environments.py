"""Environments that show images, for tests."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np


class CatchImage(gymnasium.Env):
    """Catch a falling ball with a paddle; the board is drawn as an image of `size` pixels, one cell a square of them.

    As frames of one moment they do not tell which way the ball goes, `drift` makes it go aside as well.
    """

    def __init__(self, size: int = 40, cells: int = 5, channels: int = 1, drift: bool = False):
        self.size, self.cells, self.drift = size, cells, drift
        self.observation_space = gymnasium.spaces.Box(0, 255, (size, size, channels), np.uint8)
        self.action_space = gymnasium.spaces.Discrete(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.ball = [0, int(self.np_random.integers(self.cells))]
        self.aside = int(self.np_random.integers(-1, 2)) if self.drift else 0
        self.paddle = self.cells // 2
        return self._seen(), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self.paddle = int(np.clip(self.paddle + int(action) - 1, 0, self.cells - 1))
        self.ball[0] += 1
        self.ball[1] = (self.ball[1] + self.aside) % self.cells
        is_down = self.ball[0] == self.cells - 1
        reward = (1.0 if self.ball[1] == self.paddle else -1.0) if is_down else 0.0
        return self._seen(), reward, is_down, False, {}

    def _seen(self) -> np.ndarray:
        board = np.zeros((self.cells, self.cells), np.uint8)
        board[self.cells - 1, self.paddle] = 128
        board[self.ball[0], self.ball[1]] = 255
        pixels = self.size // self.cells
        image = np.kron(board, np.ones((pixels, pixels), np.uint8))
        return np.repeat(image[:, :, None], self.observation_space.shape[2], 2)


def stacked_catch(size: int = 40, frames: int = 4) -> gymnasium.Env:
    """Its last frames, the oldest first, as channels."""
    stacked = gymnasium.wrappers.FrameStackObservation(CatchImage(size, drift=True), frames)
    space = gymnasium.spaces.Box(0, 255, (size, size, frames), np.uint8)
    return gymnasium.wrappers.TransformObservation(stacked, as_channels, space)


def as_channels(images: np.ndarray) -> np.ndarray:
    """[N, H, W, 1] -> [H, W, N]"""
    return np.ascontiguousarray(np.moveaxis(images[..., 0], 0, 2))


def steered_catch() -> gymnasium.Env:
    """Steered by a number instead of three actions."""
    space = gymnasium.spaces.Box(-1.0, 1.0, (1,))
    return gymnasium.wrappers.TransformAction(stacked_catch(), lambda action: round(float(action[0])) + 1, space)
