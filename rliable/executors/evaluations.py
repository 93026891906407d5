"""One run's final evaluation while several slots play its test episodes."""

from __future__ import annotations

import dataclasses
import time
from collections import deque

from rliable.trial import SliceRecord, Unit, UnitResult
from rliable.worker import evaluation_fields


@dataclasses.dataclass
class Evaluation:
    """The state of one evaluation.

    Attributes:
      unit, attempt: the run.
      open: slices that nobody plays yet, in order. The slot that trained takes from the front, others from the back.
      files: the trained model.
      played: what has been played.
      result: of the training slot, once it has no slice left; without metrics unless it played them all.
      helper_seconds: slot time of the slices that other slots played.
      num_losses: slices that were lost with their slots.
    """

    unit: Unit
    attempt: int
    open: deque[range]
    files: dict[str, bytes]
    played: list[SliceRecord] = dataclasses.field(default_factory=list)
    result: UnitResult | None = None
    helper_seconds: float = 0.0
    num_losses: int = 0

    def __post_init__(self) -> None:
        self._num_episodes = sum(len(episodes) for episodes in self.open)

    def completed(self) -> UnitResult | None:
        """The run's result with the returns of all slots, or None while some are missing."""
        fields = evaluation_fields(self.played, self._num_episodes)
        if self.result is None or "metrics" not in fields:
            return None
        has_played_all = self.result.metrics is not None
        finished = self.result.finished if has_played_all else max(self.result.finished, time.time())
        slot_seconds = self.result.slot_seconds + self.helper_seconds
        return dataclasses.replace(
            self.result, files=self.files, finished=finished, slot_seconds=slot_seconds, **fields
        )
