"""Pictures of environments, without a screen: their own, and of states inside the graph those of Gymnasium."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import numpy as np

from rliable.extras import cure

#: Frames per second, where an environment does not say it.
USUAL_FRAME_RATE = 30.0
#: What drawing states needs.
PACKAGES = ("gymnasium", "pygame")


def draw_without_screen() -> None:
    """Has pygame draw into memory, unless the user has said otherwise."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")


class StateDrawer:
    """Draws states with the renderer of an environment of Gymnasium's that has the same.

    Attributes:
      frame_rate: frames per second.
    """

    def __init__(self, name: str) -> None:
        """Makes it.

        Args:
          name: of Gymnasium's environment.
        """
        import gymnasium

        draw_without_screen()
        self._environment: Any = gymnasium.make(name, render_mode="rgb_array").unwrapped
        self._environment.reset(seed=0)
        self.frame_rate = frame_rate_of(self._environment)

    def draw(self, state: np.ndarray) -> np.ndarray:
        """A state [S] as a picture, uint8 [height, width, 3]."""
        self._environment.state = state
        return np.asarray(self._environment.render())

    def close(self) -> None:
        """Gives back what it holds."""
        self._environment.close()


def lack_for_states(name: str) -> str | None:
    """Why states cannot be drawn by an environment of Gymnasium's, in one line; None if they can."""
    if not name:
        return "there is nothing that draws it"
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    return cure(missing[0]) if missing else None


def lack_for_instances(metadata: Any) -> str | None:
    """Why an environment that steps on the host cannot draw itself, in one line; None if it can.

    Args:
      metadata: what it says of itself.
    """
    modes = metadata.get("render_modes") or metadata.get("render.modes") or ()
    return None if "rgb_array" in modes else "its metadata has no render mode 'rgb_array'"


def frame_rate_of(environment: Any) -> float:
    """The steps of the agent per second of an environment with Gymnasium's interface, wrapped or not."""
    metadata = environment.metadata
    rate = metadata.get("render_fps") or metadata.get("video.frames_per_second") or USUAL_FRAME_RATE
    return float(rate) / steps_per_action(environment)


def steps_per_action(environment: Any) -> int:
    """How many steps of the innermost environment an action takes: what wrappers repeat."""
    from gymnasium.wrappers import MaxAndSkipObservation, RepeatAction

    number = 1
    while environment is not environment.unwrapped:
        if isinstance(environment, RepeatAction):
            number *= environment.num_repeats
        elif isinstance(environment, MaxAndSkipObservation):
            number *= environment._skip
        environment = environment.env
    return number
