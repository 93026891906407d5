"""An environment that shows what Atari games show after their wrappers, and takes no time to step."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np

NUM_ACTIONS, EPISODE_STEPS, NUM_IMAGES = 6, 100, 64


class AtariFrames(gymnasium.Env[np.ndarray, int]):
    """Noise of 84 x 84 pixels in 4 frames, from a stock that is drawn once; a reward of 1 every tenth step."""

    observation_space = gymnasium.spaces.Box(0, 255, (84, 84, 4), np.uint8)
    action_space = gymnasium.spaces.Discrete(NUM_ACTIONS)

    def __init__(self) -> None:
        self._images = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 84, 84, 4), np.uint8)
        self._first = self._step = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self._first, self._step = int(self.np_random.integers(NUM_IMAGES)), 0
        return self._shown(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self._step += 1
        return self._shown(), float(self._step % 10 == 0), self._step == EPISODE_STEPS, False, {}

    def _shown(self) -> np.ndarray:
        image: np.ndarray = self._images[(self._first + self._step) % NUM_IMAGES]
        return image
