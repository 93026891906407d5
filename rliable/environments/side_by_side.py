"""Instances of an environment on the host that are stepped together.

Shapes: E instances, O numbers of observation (or height, width, channels), A numbers of a continuous action.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rliable.environments.host import HostEnvironment


class Stepped(NamedTuple):
    """What one step of each instance gave.

    Attributes:
      observation: what it shows then, also at the end of an episode. float32 [E, O] or uint8 [E, …]
      reward: float64 [E]
      terminated: whether the episode came to an end of its own. bool [E]
      is_boundary: whether it ended, terminated or cut. bool [E]
    """

    observation: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    is_boundary: np.ndarray


class SideBySide:
    """Instances in this process.

    Args:
      environment: what to make instances of.
      number: E.
      is_training: see `HostEnvironment.make`.
    """

    def __init__(self, environment: HostEnvironment, number: int, is_training: bool) -> None:
        self._instances = [environment.make(is_training) for _ in range(number)]

    def reset(self, which: Sequence[int], seeds: Sequence[int]) -> tuple[list[np.ndarray], list[bool]]:
        """Begins an episode in some instances.

        Returns:
          What each shows, and whether it goes on from where it was, as after the loss of one of several lives.
        """
        shown = [self._instances[index].reset(seed) for index, seed in zip(which, seeds, strict=True)]
        return shown, [self._instances[index].continues for index in which]

    def step(self, which: Sequence[int], actions: np.ndarray) -> Stepped:
        """Moves some instances on by one step; row i of the actions is for the i-th of them."""
        given = actions.copy()  # an instance may change or keep what it is given
        rows = [self._instances[index].step(action) for index, action in zip(which, given, strict=True)]
        shown, rewards, terminated, truncated = zip(*rows, strict=True)
        ended = np.array(terminated, np.bool_)
        return Stepped(np.array(shown), np.array(rewards), ended, ended | np.array(truncated, np.bool_))

    def close(self) -> None:
        """Gives back what the instances hold."""
        for instance in self._instances:
            instance.close()
