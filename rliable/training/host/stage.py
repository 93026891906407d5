"""A run's environments on the host, each in the midst of an episode.

An episode follows from its seed and the actions alone, so a checkpoint holds no state of an environment but the actions
since it last began anew: whoever goes on takes them again.

Shapes: E environments, O numbers of observation (or height, width, channels), A numbers of a continuous action.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.environments.host import HostEnvironment
from rliable.environments.workers import Stepping, make_instances
from rliable.seeding import derive_seed
from rliable.training.loop import Seen


class Stage:
    """Where the agent acts.

    Attributes:
      shown: what each environment shows now. float32 [E, O] or uint8 [E, …]

    Args:
      environment: what to act in.
      number: E.
      seed: of the run's training episodes.
      stepping: how they are stepped.
    """

    def __init__(self, environment: HostEnvironment, number: int, seed: int, stepping: Stepping) -> None:
        self._seed, self._number = seed, number
        self._all = range(number)
        self._instances = make_instances(environment, number, True, stepping)
        self._episodes = [0] * number
        self._first: list[int] = [0] * number  # the episode in which each began anew
        self._actions = [bytearray() for _ in self._all]  # since then; an episode may last for the whole run
        self._form = np.zeros((), np.int32) if environment.num_actions else np.zeros_like(environment.action_low, "f4")
        self.shown = np.stack(self._reset(list(self._all)))

    def step(self, taken: np.ndarray) -> Seen:
        """Moves every environment on by one step; where an episode ends, the next begins.

        Args:
          taken: the actions. [E] or [E, A]
        """
        before = self.shown
        stepped = self._instances.step(self._all, taken)
        for index, action in enumerate(taken):
            self._actions[index] += action.tobytes()
        self.shown = stepped.observation
        if stepped.is_boundary.any():
            self._begin_next(np.flatnonzero(stepped.is_boundary).tolist())
        reward = stepped.reward.astype(np.float32)
        return Seen(before, reward, stepped.terminated, stepped.is_boundary, stepped.observation)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps."""
        lengths = np.array([len(actions) // self._form.nbytes for actions in self._actions])
        actions = np.frombuffer(b"".join(self._actions), self._form.dtype).reshape(-1, *self._form.shape)
        return {"first": np.array(self._first), "lengths": lengths, "actions": actions}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes every environment to where a checkpoint found it."""
        rows = np.split(arrays["actions"], np.cumsum(arrays["lengths"])[:-1])
        for index, (first, actions) in enumerate(zip(arrays["first"].tolist(), rows, strict=True)):
            self._episodes[index] = first
            self.shown[index] = self._reset([index])[0]
            for action in actions:
                self._take_again(index, action)

    def close(self) -> None:
        """Gives back what the environments hold."""
        self._instances.close()

    def _take_again(self, index: int, action: Any) -> None:
        stepped = self._instances.step([index], np.asarray(action)[None])
        self._actions[index] += action.tobytes()
        self.shown[index] = stepped.observation[0]
        if stepped.is_boundary[0]:
            self._begin_next([index])

    def _begin_next(self, which: list[int]) -> None:
        """Begins the next episode in some environments."""
        for index in which:
            self._episodes[index] += 1
        self.shown = self.shown.copy()  # what was shown last is remembered
        for index, shown in zip(which, self._reset(which), strict=True):
            self.shown[index] = shown

    def _reset(self, which: list[int]) -> list[np.ndarray]:
        seeds = [derive_seed(self._seed, "episode", index, self._episodes[index]) for index in which]
        shown, continues = self._instances.reset(which, seeds)
        for index, goes_on in zip(which, continues, strict=True):
            if not goes_on:
                self._first[index], self._actions[index] = self._episodes[index], bytearray()
        return shown
