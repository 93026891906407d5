"""What agents see and do in place of the observations and actions of an environment that steps on the host.

Letters: O numbers of an observation, A numbers of a continuous action.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.spaces.utils import flatdim, flatten

from rliable.schema import ConfigError, Problem

#: More combinations of a `MultiDiscrete` action are not made one action each.
MAX_COMBINATIONS = 1024
#: What observations are made of.
SEEN = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary, spaces.Tuple, spaces.Dict)


@dataclasses.dataclass(frozen=True)
class Observations:
    """What an agent sees.

    Attributes:
      size: O.
      image_shape: (height, width, channels) of images, None for numbers.
      show: an observation of the environment as the agent gets it, an array of its own: float32 [O], or uint8
        [height, width, channels].
      note: what is done to them that its user may not expect, or empty.
    """

    size: int
    image_shape: tuple[int, int, int] | None
    show: Callable[[Any], np.ndarray]
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Actions:
    """What an agent does.

    Attributes:
      count: how many discrete actions there are; 0 where actions are continuous.
      low, high: the bounds of continuous ones. [A]
      take: an action of the agent's as the environment wants it.
      note: as of observations.
    """

    count: int
    low: tuple[float, ...]
    high: tuple[float, ...]
    take: Callable[[Any], Any]
    note: str = ""


def read_observations(name: str, space: spaces.Space[Any]) -> Observations:
    """What an agent sees of a space.

    Args:
      name: of the environment, for errors.
      space: its observation space.

    Raises:
      ConfigError: there is something in it that no agent can see.
    """
    for part in parts_of(space):
        if not isinstance(part, SEEN):
            kinds = ", ".join(kind.__name__ for kind in SEEN)
            raise refused(name, "observations", space, f"{type(part).__name__} is not supported; known: {kinds}")
    if flatdim(space) == 0:
        raise refused(name, "observations", space, "there is nothing to see in it")
    if isinstance(space, spaces.Box):
        return read_box(space)
    if isinstance(space, spaces.Discrete):
        return Observations(flatdim(space), None, OneHot(flatdim(space), first_of(space)))
    size = flatdim(space)
    note = f"observations {short_text(space)} are flattened to {size} numbers"
    return Observations(size, None, lambda seen: np.asarray(flatten(space, seen), np.float32), note)


def parts_of(space: spaces.Space[Any]) -> list[spaces.Space[Any]]:
    """The spaces that a space is made of, itself if it is simple."""
    if not isinstance(space, spaces.Tuple | spaces.Dict):
        return [space]
    inner = space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces
    return [part for one in inner for part in parts_of(one)]


def read_box(space: spaces.Box) -> Observations:
    """What an agent sees of numbers: an image where they are bytes in two or three dimensions."""
    if space.dtype == np.uint8 and len(space.shape) in (2, 3):
        height, width, channels = (*space.shape, 1)[:3]
        shape = (height, width, channels)
        return Observations(math.prod(shape), shape, lambda seen: np.array(seen, np.uint8).reshape(shape))
    size = math.prod(space.shape)
    if len(space.shape) == 1:
        return Observations(size, None, lambda seen: np.array(seen, np.float32))
    note = f"observations {short_text(space)} are flattened to {size} numbers" if len(space.shape) > 1 else ""
    return Observations(size, None, lambda seen: np.array(seen, np.float32).ravel(), note)


def frames_in(environment: gymnasium.Env[Any, Any], channels: int) -> int:
    """How many images an image of so many channels is stacked of.

    This need not be true of what wrappers further out make of it: then images only take more memory to be remembered.
    """
    while isinstance(environment, gymnasium.Wrapper):
        if isinstance(environment, gymnasium.wrappers.FrameStackObservation):
            return 1 if channels % environment.stack_size else environment.stack_size
        environment = environment.env
    return 1


class OneHot:
    """Shows one of `n` observations as n numbers, all 0 but its own."""

    def __init__(self, n: int, start: int) -> None:
        self._n, self._start = n, start

    def __call__(self, seen: Any) -> np.ndarray:
        shown = np.zeros(self._n, np.float32)
        shown[int(seen) - self._start] = 1.0
        return shown


def read_actions(name: str, space: spaces.Space[Any]) -> Actions:
    """What an agent does in a space.

    Args:
      name: of the environment, for errors.
      space: its action space.

    Raises:
      ConfigError: no agent can act in it.
    """
    if isinstance(space, spaces.Discrete):
        first = first_of(space)
        return Actions(flatdim(space), (), (), lambda action: int(action) + first)
    if isinstance(space, spaces.MultiDiscrete | spaces.MultiBinary):
        return read_combinations(name, space)
    if isinstance(space, spaces.Box):
        return read_bounds(name, space)
    kinds = "Discrete, MultiDiscrete, MultiBinary, Box with finite bounds"
    raise refused(name, "actions", space, f"{type(space).__name__} is not supported; known: {kinds}")


def first_of(space: Any) -> Any:
    """The number, or numbers, with which a space begins to count."""
    return getattr(space, "start", np.zeros((), int)).ravel() if space.shape else int(space.start)


def read_combinations(name: str, space: spaces.MultiDiscrete | spaces.MultiBinary) -> Actions:
    """Several choices at once: each combination is an action."""
    counts = space.nvec.ravel() if isinstance(space, spaces.MultiDiscrete) else np.full(math.prod(space.shape), 2)
    count = math.prod(int(count) for count in counts)
    if count > MAX_COMBINATIONS:
        words = f"{count:,} combinations are more than the {MAX_COMBINATIONS:,} of which each can be one action"
        raise refused(name, "actions", space, words)
    table = np.stack(np.unravel_index(np.arange(count), counts), axis=1) + first_of(space)  # [count, choices]
    rows = table.reshape(count, *space.shape).astype(space.dtype)
    note = f"each of the {count} combinations of actions {short_text(space)} is one action"
    return Actions(count, (), (), lambda action: rows[action].copy(), note)


def read_bounds(name: str, space: spaces.Box) -> Actions:
    """Continuous actions, in the order of the flattened space."""
    if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
        cure = 'agents need finite bounds; give it some by "wrappers": [{"clip_actions": [-1, 1]}]'
        raise refused(name, "actions", space, cure)
    if not (space.low < space.high).all():
        raise refused(name, "actions", space, "every lower bound must be below its upper bound")
    low, high = (tuple(bound.ravel().tolist()) for bound in (space.low, space.high))
    return Actions(0, low, high, taker(space))


def taker(space: spaces.Box) -> Callable[[np.ndarray], np.ndarray]:
    """Gives float32 [A] the shape and type of a space."""
    shape, dtype = space.shape, space.dtype
    if dtype == np.float32 and len(shape) == 1:
        return lambda action: action
    if np.issubdtype(dtype, np.integer):
        return lambda action: np.rint(action).astype(dtype).reshape(shape)
    return lambda action: np.asarray(action, dtype).reshape(shape)


def counted_from_zero(environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
    """An environment whose discrete actions begin with 0, wherever its own begin."""
    space = environment.action_space
    if not isinstance(space, spaces.Discrete | spaces.MultiDiscrete) or not np.any(space.start):
        return environment
    shown = spaces.Discrete(flatdim(space)) if isinstance(space, spaces.Discrete) else spaces.MultiDiscrete(space.nvec)
    return gymnasium.wrappers.TransformAction(environment, lambda action: action + space.start, shown)


def refused(name: str, what: str, space: spaces.Space[Any], words: str) -> ConfigError:
    """What to say of a space in which no agent can learn."""
    return ConfigError([Problem("environment", f"{name} has {what} {short_text(space)}: {words}")])


def short_text(space: Any) -> str:
    """A space as text on one line, cut where it is long."""
    text = " ".join(str(space).split())
    return text if len(text) <= 120 else f"{text[:117]}..."
