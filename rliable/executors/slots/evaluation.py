"""One run's test episodes, shared among slots: which slices are open, who may play them, what came of them."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter, deque

from rliable.metrics import evaluation_fields
from rliable.unit import Files, PlayedSlice, Unit, UnitResult

#: One slot that cannot play a slice says nothing against the model.
MIN_REFUSALS = 2


class Evaluation:
    """The state of one evaluation. Each slice is open, or with a slot, or played.

    The slot that trained takes open slices from the front, others from the back.

    Attributes:
      unit, attempt: the run.
      files: the trained model.
    """

    def __init__(self, unit: Unit, attempt: int, slices: list[range], files: Files) -> None:
        """Opens all slices.

        Args:
          unit: the run.
          attempt: which attempt of it has trained.
          slices: all test episodes, in order.
          files: the trained model.
        """
        self.unit = unit
        self.attempt = attempt
        self.files = files
        self._num_episodes = sum(len(episodes) for episodes in slices)
        self._open = deque(slices)
        self._played: list[PlayedSlice] = []
        self._result: UnitResult | None = None  # of the slot that trained, once it has no slice left
        self._helper_seconds = 0.0
        self._num_losses = 0
        self._refusals: Counter[range] = Counter()
        self._refused_by: set[str] = set()

    def take_own(self) -> range | None:
        """Takes a slice for the slot that trained."""
        return self._open.popleft() if self._open else None

    def take_for(self, helper: str, slots: set[str]) -> range | None:
        """Takes a slice for another slot.

        A slot that could not play one gets no other, unless there is nobody else; and what one could not play is left
        to the slot that trained, as long as that is at it.

        Args:
          helper: the slot.
          slots: all that there are.
        """
        if helper in self._refused_by and not slots <= self._refused_by:
            return None
        for episodes in reversed(self._open):
            if self._result is not None or episodes not in self._refusals:
                self._open.remove(episodes)
                return episodes
        return None

    def put_back(self, episodes: range) -> None:
        """Opens a slice again that could not be begun."""
        self._open.append(episodes)

    def lose(self, episodes: range) -> bool:
        """Opens a slice again whose slot was lost; tells whether that has happened too often."""
        self._open.append(episodes)
        self._num_losses += 1
        return self._num_losses >= self.unit.limits.max_attempts

    def refuse(self, helper: str, episodes: range) -> bool:
        """Opens a slice again that a slot could not play; tells whether that has happened too often."""
        self._open.append(episodes)
        self._refused_by.add(helper)
        self._refusals[episodes] += 1
        return self._refusals[episodes] >= max(MIN_REFUSALS, self.unit.limits.max_attempts)

    def add_slice(self, played: PlayedSlice, seconds: float) -> None:
        """Takes a slice that another slot has played, and how long the slot was busy with it."""
        self._played.append(played)
        self._helper_seconds += seconds

    def add_result(self, result: UnitResult) -> None:
        """Takes the result of the slot that trained; it has metrics only if that slot has played every slice."""
        self._result = result
        self._played += result.slices

    def completed(self) -> UnitResult | None:
        """The run's result with the returns of all slots, or None while some are missing."""
        fields = evaluation_fields(self._played, self._num_episodes)
        if self._result is None or "metrics" not in fields:
            return None
        has_played_all = self._result.metrics is not None
        finished = self._result.finished if has_played_all else max(self._result.finished, time.time())
        slot_seconds = self._result.slot_seconds + self._helper_seconds
        return dataclasses.replace(
            self._result, files=self.files, finished=finished, slot_seconds=slot_seconds, **fields
        )
