"""Environments that step in Python, outside compiled programs: Gymnasium's, Gym's, and users' own.

Whatever it is, an instance is brought under Gymnasium's interface, wrapped, and its observations and actions are what
agents work with: a row of numbers or an image, and a number or a row of numbers within bounds.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rliable.environments.base import Spaces

if TYPE_CHECKING:
    import gymnasium


class HostEnvironment(Spaces):
    """An environment outside the graph: how instances of it are made, and what they look like to an agent.

    It is an immutable value without episodes: equal ones have the same name, constants and wrappers.

    Attributes:
      constants: `environment_kwargs` of the model file.
      wrappers: of the model file, in order.
    """

    def __init__(
        self, name: str, factory: Callable[..., Any], constants: Mapping[str, Any], wrappers: Sequence[Any] = ()
    ) -> None:
        """Makes an instance, to read its spaces.

        Args:
          name: as resolved.
          factory: makes an instance of any interface; its keywords are the constants and `render_mode`.
          constants: see above.
          wrappers: see above.
        """
        self.name, self.constants, self.wrappers = name, dict(constants), tuple(wrappers)
        self._factory = factory
        instance = self.make()
        self._read_spaces(instance.environment)
        instance.close()

    def make(self, is_training: bool = False, render_mode: str | None = None) -> Instance:
        """A new instance.

        Args:
          is_training: whether what only training should see is wanted: scaled and clipped rewards, shortened episodes.
          render_mode: "rgb_array" for one that can draw itself.
        """
        return Instance(self, self.make_gymnasium(is_training, render_mode))

    def make_gymnasium(self, is_training: bool = False, render_mode: str | None = None) -> gymnasium.Env[Any, Any]:
        """The same with Gymnasium's interface."""
        options = {} if render_mode is None else {"render_mode": render_mode}
        return self._factory(**self.constants, **options)

    def _read_spaces(self, environment: gymnasium.Env[Any, Any]) -> None:
        import gymnasium

        seen, done = environment.observation_space, environment.action_space
        if len(seen.shape or ()) == 3 and seen.dtype == np.uint8:
            height, width, channels = seen.shape or ()
            self.image_shape = (height, width, channels)
        self.observation_size = gymnasium.spaces.flatdim(seen)
        if isinstance(done, gymnasium.spaces.Discrete):
            self.num_actions = int(done.n)
        else:
            self.action_low, self.action_high = tuple(done.low.ravel().tolist()), tuple(done.high.ravel().tolist())

    @functools.cached_property
    def _key(self) -> str:
        return json.dumps([self.name, self.constants, self.wrappers], sort_keys=True, default=repr)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostEnvironment) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class Instance:
    """One instance of an environment, in which an agent plays an episode at a time.

    Attributes:
      environment: what steps, with Gymnasium's interface.
      continues: whether the episode goes on from where the one before was, as after the loss of one of several lives.
    """

    continues = False

    def __init__(self, spaces: HostEnvironment, environment: gymnasium.Env[Any, Any]) -> None:
        self.spaces = spaces
        self.environment = environment

    def reset(self, seed: int) -> np.ndarray:
        """Begins an episode, which follows from the seed and the actions alone; gives the first observation.

        Returns:
          float32 [O], or uint8 [height, width, channels].
        """
        shown, info = self.environment.reset(seed=seed)
        self.continues = bool(info.get("continues", False))
        return self._shown(shown)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool]:
        """Moves the episode on by one environment step.

        Args:
          action: a whole number, or float32 [A] within the bounds.

        Returns:
          The observation as from `reset`, the reward, whether the episode terminated, and whether it was cut.
        """
        shown, reward, terminated, truncated, _ = self.environment.step(self._taken(action))
        return self._shown(shown), float(reward), bool(terminated), bool(truncated)

    def render(self) -> np.ndarray:
        """What it looks like now, uint8 [height, width, 3]."""
        return np.asarray(self.environment.render())

    def close(self) -> None:
        """Gives back what it holds."""
        self.environment.close()

    def _shown(self, raw: Any) -> np.ndarray:
        if self.spaces.image_shape is not None:
            return np.asarray(raw)
        return np.asarray(raw, np.float32).ravel()

    def _taken(self, action: Any) -> Any:
        return int(action) if self.spaces.num_actions else action
