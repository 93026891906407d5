"""What an environment has to offer: its spaces, and inside the graph the contract with the compiled loops."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from rliable.environments.drawing import lack_for_states
from rliable.schema import setting


class Spaces:
    """What an agent sees and does in an environment.

    Attributes:
      name: as registered in `rliable.environments`, or as it is named in a model file.
      observation_size: O, the numbers of an observation.
      image_shape: of observations that are images, (height, width, channels), uint8; None for numbers, float32.
      num_frames: how many images, the oldest first, such an image is stacked of, as its channels.
      num_actions: how many actions there are, an action being a number in [0, num_actions); 0 where actions are
        continuous.
      action_low, action_high: the bounds of each number of a continuous action; empty where actions are discrete.
      threshold: the mean return at which the field calls it solved, or None.
    """

    name: str
    observation_size: int
    image_shape: tuple[int, int, int] | None = None
    num_frames: int = 1
    num_actions: int = 0
    action_low: tuple[float, ...] = ()
    action_high: tuple[float, ...] = ()
    threshold: float | None = None

    @property
    def lack_of_pictures(self) -> str | None:
        """Why it cannot be drawn, in one line; None if it can."""
        return "there is nothing that draws it"

    @property
    def observation_shape(self) -> tuple[int, ...]:
        """Of one observation."""
        return self.image_shape or (self.observation_size,)

    @property
    def observation_type(self) -> type[np.uint8] | type[np.float32]:
        """Of its numbers."""
        return np.uint8 if self.image_shape else np.float32


class Environment(Spaces, ABC):
    """An environment written in TensorFlow operations, stepped in batches inside a compiled program.

    Shapes: B episodes side by side, S numbers of state, O numbers of observation, A numbers of a continuous action.
    States have a type of the environment's choice, the same in `initial_states`, `reset` and `step`.

    `initial_states` is called on the host, before evaluations. `reset`, `observe` and `step` are called while a program
    is traced, once per program and never again, so they must be pure functions of their tensors and use only
    operations that XLA can compile. The caller counts the steps of an episode, cuts it at `max_episode_steps`, and
    decides when to reset: `step` may be called on a finished episode, and its answer is then thrown away.

    An object holds no episode: it is an immutable value, so it may be shared and pickled, and nobody closes it. Equal
    environments (`==`, with equal hashes) share compiled programs, therefore all that changes the dynamics must take
    part in the comparison; a frozen dataclass does that. Those of its fields that are declared with
    `rliable.schema.setting` are constants that `environment_kwargs` of a model file may change.

    Attributes:
      max_episode_steps: the time limit, environment steps.
      drawn_by: the environment of Gymnasium's that has the same states and draws them, or empty.
    """

    max_episode_steps: int
    drawn_by: ClassVar[str] = ""

    @property
    def lack_of_pictures(self) -> str | None:
        return lack_for_states(self.drawn_by)

    @abstractmethod
    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        """The states in which episodes start, exactly as Gym's `reset(seed=...)` draws them where Gym has it.

        Args:
          seeds: one per episode, non-negative. [B]

        Returns:
          The states. [B, S]
        """

    def take_first_step(self) -> None:
        """Begins an episode, which needs no device; a step is compiled only in a run, for the device that it wants."""
        self.initial_states([0])

    @abstractmethod
    def reset(self, seed: Any, num_episodes: int) -> Any:
        """Draws the states in which episodes start.

        Args:
          seed: of TensorFlow's stateless generators (`rliable.environments.random_numbers`). int32 [2]
          num_episodes: B.

        Returns:
          The states. [B, S]
        """

    @abstractmethod
    def observe(self, state: Any) -> Any:
        """What the agent sees of each state [B, S]: float32 [B, O]."""

    @abstractmethod
    def step(self, state: Any, action: Any) -> tuple[Any, Any, Any]:
        """Moves every episode on by one environment step.

        Args:
          state: [B, S]
          action: int32 [B]; for continuous actions float32 [B, A], within the bounds.

        Returns:
          The next state [B, S], the reward (float32 [B]) and whether the episode terminated (bool [B]); a time limit
          is no termination.
        """


def time_limit(num_steps: int) -> Any:
    """Declares the field `max_episode_steps`."""
    return setting(num_steps, "Steps after which an episode is cut.", unit="environment steps", low=1, high=10**6)


def gyms_generators(seeds: Sequence[int]) -> list[np.random.Generator]:
    """The generators from which Gym's `reset(seed=...)` draws, one per seed."""
    return [np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))) for seed in seeds]
