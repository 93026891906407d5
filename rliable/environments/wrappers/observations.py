"""Wrappers of what the agent sees.

Shapes of images: H height, W width, C channels; uint8.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import gymnasium
import numpy as np

from rliable.environments.wrappers.base import Wrapping, unfit
from rliable.schema import ConfigError, Problem, setting


@dataclasses.dataclass(frozen=True)
class MaxAndSkip(Wrapping):
    """Does each action so many times, adds up the rewards, and shows the larger of the last two frames' pixels."""

    skip: int = setting(4, "How often each action is done.", low=2, high=1000)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        if environment.observation_space.shape is None:
            raise unfit("max_and_skip", "observations that are arrays", environment)
        return MaxAndSkipAnew(environment, self.skip)


@dataclasses.dataclass(frozen=True)
class Grey(Wrapping):
    """Shows colours as brightness: images of one channel."""

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        shape = image_shape("grey", environment)
        if shape[2:] in ((), (1,)):
            return seen(environment, (*shape[:2], 1), lambda image: image.reshape(*shape[:2], 1))
        if shape[2:] != (3,):
            raise unfit("grey", "images of 3 channels", environment)
        cv2 = import_opencv("grey")
        code = cv2.COLOR_RGB2GRAY  # the weights of the Atari literature, which gymnasium's wrapper has not
        return seen(environment, (*shape[:2], 1), lambda image: cv2.cvtColor(image, code)[:, :, None])


@dataclasses.dataclass(frozen=True)
class Resize(Wrapping):
    """Shows images smaller or larger, each pixel the mean of the area that it stands for."""

    height: int = setting(84, "Of the image.", unit="pixels", low=1, high=10**4)
    width: int = setting(84, "Of the image.", unit="pixels", low=1, high=10**4)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        shape = (self.height, self.width, *image_shape("resize", environment)[2:])
        cv2, size = import_opencv("resize"), (self.width, self.height)

        def resized(image: np.ndarray) -> np.ndarray:
            return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA)).reshape(shape)

        return seen(environment, shape, resized)


@dataclasses.dataclass(frozen=True)
class FrameStack(Wrapping):
    """Shows the last so many observations at once, the oldest first; a new episode begins with its first, repeated.

    Images are stacked as channels: the newest is the last, or the last three where they have colours.
    """

    size: int = setting(4, "How many observations.", low=2, high=100)

    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        space = environment.observation_space
        if not isinstance(space, gymnasium.spaces.Box) or len(space.shape) not in (1, 2, 3):
            raise unfit("frame_stack", "rows of numbers or images", environment)
        own = gymnasium.wrappers.TransformObservation(environment, np.copy, space)  # it may fill one array in place
        stacked: gymnasium.Env[Any, Any] = gymnasium.wrappers.FrameStackObservation(own, self.size)
        low, high = (channels_last(np.stack([bound] * self.size)) for bound in (space.low, space.high))
        shown = gymnasium.spaces.Box(low, high, dtype=space.dtype.type)  # type: ignore[union-attr, arg-type]
        return gymnasium.wrappers.TransformObservation(stacked, channels_last, shown)


class MaxAndSkipAnew(gymnasium.wrappers.MaxAndSkipObservation[Any, Any, Any]):
    """Forgets the frames of the last episode, which gymnasium's shows where the first step ends the next one."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self._obs_buffer[:] = 0
        return super().reset(seed=seed, options=options)


def channels_last(frames: np.ndarray) -> np.ndarray:
    """Stacked observations [N, O], [N, H, W] or [N, H, W, C] as [N·O], [H, W, N] or [H, W, N·C]."""
    if frames.ndim == 2:
        return frames.reshape(-1)
    height, width = frames.shape[1:3]
    last = frames.transpose(1, 2, 0) if frames.ndim == 3 else frames.transpose(1, 2, 0, 3)
    return np.ascontiguousarray(last).reshape(height, width, -1)


def image_shape(name: str, environment: gymnasium.Env[Any, Any]) -> tuple[int, ...]:
    """The shape of images; raises a ConfigError where observations are none."""
    space = environment.observation_space
    shape = space.shape or ()
    if not isinstance(space, gymnasium.spaces.Box) or space.dtype != np.uint8 or len(shape) not in (2, 3):
        raise unfit(name, "images (uint8, height by width)", environment)
    return tuple(shape)


def seen(environment: gymnasium.Env[Any, Any], shape: tuple[int, ...], function: Any) -> gymnasium.Env[Any, Any]:
    """An environment whose images are shown as a function makes them."""
    space = gymnasium.spaces.Box(0, 255, shape, np.uint8)
    return gymnasium.wrappers.TransformObservation(environment, function, space)


def import_opencv(name: str) -> Any:
    """OpenCV, for the wrapper of a name; raises a ConfigError where it is not installed."""
    try:
        import cv2
    except ImportError as error:
        raise ConfigError([Problem("wrappers", f"{name} needs OpenCV: pip install 'rliable-spark[atari]'")]) from error
    return cv2
