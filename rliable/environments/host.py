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
from rliable.environments.drawing import draw_without_screen, frame_rate_of, lack_for_instances
from rliable.environments.wrappers import with_wrappers
from rliable.processes import same_folder

if TYPE_CHECKING:
    import gymnasium

#: Above this it is infinite as a number of 32 bits.
LARGEST_REWARD = float(np.finfo(np.float32).max)


class HostEnvironment(Spaces):
    """An environment outside the graph: how instances of it are made, and what they look like to an agent.

    It is an immutable value without episodes: equal ones have the same name, constants and wrappers.

    Attributes:
      constants: `environment_kwargs` of the model file.
      wrappers: of the model file, in order.
      max_episode_steps: the time limit that its name in a library stands for, None where there is none.
      action_space: Gymnasium's space of actions.
      notes: what is done to observations or actions that the user may not expect, a line each.
    """

    def __init__(
        self, name: str, factory: Callable[..., Any], constants: Mapping[str, Any], wrappers: Sequence[Any] = ()
    ) -> None:
        """Makes an instance, to read its spaces.

        Args:
          name: as resolved.
          factory: makes an instance with Gymnasium's interface; its keywords are the constants and `render_mode`.
          constants: see above.
          wrappers: see above.

        Raises:
          ConfigError: agents cannot see or act there.
        """
        self.name, self.constants, self.wrappers = name, dict(constants), tuple(wrappers)
        self._factory = factory
        with same_folder():
            environment = self.make_gymnasium()
            self._read_spaces(environment)
            environment.close()

    def make(self, is_training: bool = False, render_mode: str | None = None) -> Instance:
        """A new instance.

        Args:
          is_training: whether what only training should see is wanted: scaled and clipped rewards, shortened episodes.
          render_mode: "rgb_array" for one that can draw itself.
        """
        return Instance(self, self.make_gymnasium(is_training, render_mode))

    def take_first_step(self) -> None:
        """Begins an episode and steps once: what an environment that does not work raises, it raises here."""
        instance = self.make(is_training=True)
        instance.reset(0)
        self.action_space.seed(0)
        instance.environment.step(self.action_space.sample())
        instance.close()

    def warnings(self) -> list[str]:
        """What the user should know before anything runs: the notes, and whether episodes follow from their seeds."""
        from rliable.environments.recording import probe_repeatability

        if self._is_repeatable or (self._is_repeatable is None and probe_repeatability(self)):
            return list(self.notes)
        told = f"{self.name} is not repeatable: with one seed and the same actions episodes differ, and so do results"
        return [*self.notes, f"{told}; `rliable check` tells where"]

    def make_gymnasium(self, is_training: bool = False, render_mode: str | None = None) -> gymnasium.Env[Any, Any]:
        """The same with Gymnasium's interface."""
        options = {} if render_mode is None else {"render_mode": render_mode}
        if render_mode is not None:
            draw_without_screen()
        return with_wrappers(self._factory(**self.constants, **options), self.wrappers, is_training)

    def _read_spaces(self, environment: gymnasium.Env[Any, Any]) -> None:
        from rliable.environments.repeatable import known_repeatability
        from rliable.environments.spaces import frames_in, read_actions, read_observations

        seen = read_observations(self.name, environment.observation_space)
        done = read_actions(self.name, environment.action_space)
        self.observation_size, self.image_shape, self.show = seen.size, seen.image_shape, seen.show
        self.num_frames = frames_in(environment, seen.image_shape[2]) if seen.image_shape else 1
        self.num_actions, self.action_low, self.action_high, self.take = done.count, done.low, done.high, done.take
        self.action_space = environment.action_space
        self.threshold = getattr(environment.spec, "reward_threshold", None)
        self.max_episode_steps: int | None = getattr(environment.spec, "max_episode_steps", None)
        self._is_repeatable = known_repeatability(environment)
        self.notes = tuple(note for note in (seen.note, done.note) if note)
        self._lack_of_pictures = lack_for_instances(environment.metadata)

    @property
    def lack_of_pictures(self) -> str | None:
        return self._lack_of_pictures

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
        self._take = spaces.take
        self._shape = spaces.image_shape or (spaces.observation_size,)

    def reset(self, seed: int) -> np.ndarray:
        """Begins an episode, which follows from the seed and the actions alone; gives the first observation.

        Returns:
          float32 [O], or uint8 [height, width, channels].
        """
        shown, info = self.environment.reset(seed=seed)
        self.continues = bool(info.get("continues", False))
        return self._seen(shown)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool]:
        """Moves the episode on by one environment step.

        Args:
          action: a whole number, or float32 [A] within the bounds.

        Returns:
          The observation as from `reset`, the reward, whether the episode terminated, and whether it was cut.
        """
        shown, given, terminated, truncated, _ = self.environment.step(self._take(action))
        reward = float(given)
        if not -LARGEST_REWARD <= reward <= LARGEST_REWARD:
            raise ValueError(f"{self.spaces.name} gave the reward {reward}; agents learn with finite 32-bit numbers")
        return self._seen(shown), reward, bool(terminated), bool(truncated)

    def _seen(self, shown: Any) -> np.ndarray:
        """An observation as the agent gets it."""
        seen = self.spaces.show(shown)
        if seen.shape != self._shape:
            words = f"an observation of shape {list(seen.shape)}, and observation_space says {list(self._shape)}"
            raise ValueError(f"{self.spaces.name} gave {words}")
        return seen

    def render(self) -> np.ndarray:
        """What it looks like now, uint8 [height, width, 3]."""
        return np.asarray(self.environment.render())

    @property
    def frame_rate(self) -> float:
        """Steps per second in which it looks natural."""
        return frame_rate_of(self.environment)

    def close(self) -> None:
        """Gives back what it holds."""
        self.environment.close()
