"""What runs units: the contract between the tuner and the places where work is done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from rliable.trial import Unit, UnitResult


class ExecutorError(Exception):
    """No place is left to run units in; one line for the user. What was finished is kept."""


class Executor(ABC):
    """Runs units in some number of slots.

    The tuner calls `execute` once and then `close` once; `close` may come early (convergence, Ctrl-C) and may be
    called twice. Units and results are plain data. An executor lives in the driver's main thread.

    Attributes:
      mode: "serial", "level 1" or "level 2".
      num_slots: how many units run at the same time at most.
    """

    mode: str
    num_slots: int

    @abstractmethod
    def execute(self, units: Iterator[Unit]) -> Iterator[UnitResult]:
        """Runs every unit and yields results as they come, in any order.

        The next unit is drawn only when a slot is free, and drawn from the calling thread, so `units` may look at the
        results yielded so far. A unit that fails gives a result with an error; nothing is raised for it.
        """

    @abstractmethod
    def close(self) -> None:
        """Stops what still runs, without waiting for it, and leaves no process behind."""
