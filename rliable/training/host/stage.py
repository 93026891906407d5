"""A run's environments on the host, each in the midst of an episode.

An episode follows from its seed and the actions alone, so a checkpoint holds no state of an environment but the actions
since it last began anew: whoever goes on takes them again.

Shapes: E environments, O numbers of observation (or height, width, channels), A numbers of a continuous action.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from rliable.environments.host import HostEnvironment
from rliable.environments.side_by_side import Stepped
from rliable.environments.workers import Stepping, make_instances
from rliable.helping import Dealer
from rliable.seeding import derive_seed
from rliable.training.loop import Seen


class Stage:
    """Where the agent acts.

    Attributes:
      shown: what each environment shows now; anything, of those that others have stepped. float32 [E, O] or uint8
        [E, …]
      dealer: what has other processes step some of the environments.

    Args:
      environment: what to act in.
      number: E.
      seed: of the run's training episodes.
      stepping: how they are stepped.
      rows: those that can be stepped here; all of them when None.
    """

    def __init__(
        self, environment: HostEnvironment, number: int, seed: int, stepping: Stepping, rows: range | None = None
    ) -> None:
        self._seed, self._number = seed, number
        self._all = rows or range(number)
        self._away: set[int] = set()  # those that others have stepped, which are elsewhere than here
        self._make = functools.partial(make_instances, environment, len(self._all), True, stepping)
        self._instances = self._make()
        self._episodes = [0] * number
        self._first: list[int] = [0] * number  # the episode in which each began anew
        self._actions = [bytearray() for _ in range(number)]  # since then; an episode may last for the whole run
        self._form = np.zeros((), np.int32) if environment.num_actions else np.zeros_like(environment.action_low, "f4")
        self.dealer = Dealer(None)
        self.hold(self._all)
        first = self._reset(self._all)
        self.shown = np.zeros([number, *first[0].shape], first[0].dtype)
        self.shown[self._all] = first

    def step(self, taken: np.ndarray) -> Seen:
        """Moves every environment that is stepped here on by one step; where an episode ends, the next begins.

        Args:
          taken: the actions. [E] or [E, A]
        """
        before, own = self.shown, taken[self._rows.start : self._rows.stop]
        stepped = self._spread(self._instances.step(self._places, own))
        for index, action in zip(self._rows, own, strict=True):
            self._actions[index] += action.tobytes()
        self.shown = stepped.observation
        if stepped.is_boundary.any():
            self._begin_next(np.flatnonzero(stepped.is_boundary).tolist())
        reward = stepped.reward.astype(np.float32)
        return Seen(before, reward, stepped.terminated, stepped.is_boundary, stepped.observation)

    def positions(self, rows: range) -> dict[str, np.ndarray]:
        """Where some environments are: the episode in which each began anew, and the actions since then."""
        actions = [self._actions[index] for index in rows]
        lengths = np.array([len(part) // self._form.nbytes for part in actions])
        joined = np.frombuffer(b"".join(actions), self._form.dtype).reshape(-1, *self._form.shape)
        return {"first": np.array(self._first)[list(rows)], "lengths": lengths, "actions": joined}

    def put(self, rows: range, positions: dict[str, np.ndarray]) -> None:
        """Notes where environments are that others have stepped; `hold` goes there."""
        parts = np.split(positions["actions"], np.cumsum(positions["lengths"])[:-1])
        for index, first, actions in zip(rows, positions["first"].tolist(), parts, strict=True):
            self._first[index], self._actions[index] = first, bytearray(actions.tobytes())
        self._away.update(rows)

    def hold(self, rows: range) -> None:
        """Steps these environments from now on, and no others."""
        if self._away.intersection(rows):
            self._instances.close()  # a new one begins anew for certain; another may go on from where it was left
            self._instances = self._make()
            self._go_to(rows)
            self._away = set(self._all).difference(rows)
        self._rows, self._places = rows, self._places_of(rows)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps."""
        return self.positions(self._all)

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes every environment to where a checkpoint found it."""
        self.put(self._all, arrays)
        self.hold(self._all)

    def close(self) -> None:
        """Gives back what the environments hold."""
        self._instances.close()

    def _places_of(self, rows: Sequence[int]) -> list[int]:
        """The numbers of their instances."""
        return [index - self._all.start for index in rows]

    def _spread(self, stepped: Stepped) -> Stepped:
        """A step of all environments: where nothing is stepped here, nothing happens."""
        if len(self._rows) == self._number:
            return stepped
        others = (np.zeros([self._number, *array.shape[1:]], array.dtype) for array in stepped[1:])
        spread = Stepped(self.shown.copy(), *others)
        for whole, part in zip(spread, stepped, strict=True):
            whole[self._rows.start : self._rows.stop] = part
        return spread

    def _go_to(self, rows: range) -> None:
        """Takes again what has been done in environments since they began anew."""
        for index in rows:
            actions = np.frombuffer(bytes(self._actions[index]), self._form.dtype).reshape(-1, *self._form.shape)
            self._episodes[index], self._actions[index] = self._first[index], bytearray()
            self.shown[index] = self._reset([index])[0]
            for action in actions:
                self._take_again(index, action)

    def _take_again(self, index: int, action: Any) -> None:
        stepped = self._instances.step(self._places_of([index]), np.asarray(action)[None])
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

    def _reset(self, which: Sequence[int]) -> list[np.ndarray]:
        seeds = [derive_seed(self._seed, "episode", index, self._episodes[index]) for index in which]
        shown, continues = self._instances.reset(self._places_of(which), seeds)
        for index, goes_on in zip(which, continues, strict=True):
            if not goes_on:
                self._first[index], self._actions[index] = self._episodes[index], bytearray()
        return shown
