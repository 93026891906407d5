"""When a search ends before its study does: in time for a batch queue, on a signal, or when the study's time is over.

A search that drains begins no run any more and asks those that run to pause, which keeps a checkpoint of each; a run
that is being evaluated comes to its end. What is left open is taken up by `--resume`.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import os
import time
from collections.abc import Callable

from rliable.schema import ConfigError, describe
from rliable.tuning.interrupts import Interrupts

#: The exit code of a search that has drained: EX_TEMPFAIL of sysexits.h, "try again later".
DRAINED = 75
#: How long before a deadline what still runs is given up, so that there is time to write and to close.
CLOSING_SECONDS = 10.0
#: How long before that a search begins to drain. Of a search with little time both are a part of it.
NOTICE_SECONDS = 120.0
#: How long a search drains on SIGTERM: batch queues and containers kill after 30 seconds.
SIGTERM_SECONDS = 20.0
#: Where Slurm says when the job ends, in seconds since the epoch.
SLURM_END = "SLURM_JOB_END_TIME"
TIME_OVER = "the study's time is over"
logger = logging.getLogger(__name__)


class SearchDrained(Exception):
    """A search has ended before its study, as it was told to; one line for the user. What was finished is kept."""


class TimeUsedUp(Exception):
    """The study's `study_timeout_seconds` are over."""


@dataclasses.dataclass(frozen=True)
class Deadline:
    """When a search has to have ended.

    Attributes:
      at: seconds since the epoch.
      source: who says so, for people.
    """

    at: float
    source: str

    def __str__(self) -> str:
        return f"{time.strftime('%H:%M:%S', time.localtime(self.at))} ({self.source})"


def find_deadline(stop_before: str | None) -> Deadline | None:
    """The earlier of a time of day and the end of the batch job around this process; None without either.

    Args:
      stop_before: the next "HH:MM:SS" or "HH:MM" of the clock.

    Raises:
      ConfigError: it is no time of day.
    """
    found = [] if stop_before is None else [Deadline(next_time(stop_before), "--stop-before")]
    end = os.environ.get(SLURM_END, "")
    if end.isdecimal() and int(end) > time.time():
        found.append(Deadline(float(end), f"the end of the batch job, {SLURM_END}"))
    return min(found, key=lambda deadline: deadline.at) if found else None


def next_time(text: str) -> float:
    """When the clock will show a time next, in seconds since the epoch."""
    now = time.localtime()
    for form in ("%H:%M:%S", "%H:%M"):
        try:
            asked = time.strptime(text, form)
        except ValueError:
            continue
        clock = (asked.tm_hour, asked.tm_min, asked.tm_sec)
        day = now.tm_mday + (clock <= (now.tm_hour, now.tm_min, now.tm_sec))
        return time.mktime((now.tm_year, now.tm_mon, day, *clock, 0, 0, -1))
    raise ConfigError([f"--stop-before: {describe(text)} is not a time of day; write HH:MM:SS, such as 06:30:00"])


class Ends:
    """Watches the clock and the signals while a study is searched; lives in the driver's main thread.

    Attributes:
      reason: why the search drains, in one line; None while it does not.
    """

    def __init__(
        self, interrupts: Interrupts, drain: Callable[[], None], deadline: Deadline | None, seconds_left: float | None
    ) -> None:
        """Begins to watch.

        Args:
          interrupts: the signals.
          drain: called once, when the search begins to drain.
          deadline: when the search has to have ended; None for any time.
          seconds_left: of the study's own time; None for any.
        """
        self.reason: str | None = None
        self._interrupts = interrupts
        self._drain = drain
        self._deadline = deadline
        self._notice = self._end = self._time_over = math.inf
        now = time.monotonic()
        if deadline is not None:
            left = max(0.0, deadline.at - time.time())
            self._end = now + left - min(CLOSING_SECONDS, left / 6)
            self._notice = self._end - min(NOTICE_SECONDS, left / 10)
        if seconds_left is not None:
            self._time_over = now + seconds_left

    def begin_if_due(self) -> None:
        """Begins to drain when it is time to."""
        if self.reason is None and (reason := self._why()) is not None:
            self.reason = reason
            self._drain()
            if reason != TIME_OVER:
                logger.warning("%s: no run is begun any more, and those that run are to keep a checkpoint", reason)

    def look(self) -> None:
        """Begins to drain when it is time to, and ends the search when that has taken too long.

        Raises:
          SearchDrained, KeyboardInterrupt: the search has to end now.
          TimeUsedUp: the study's time is over.
        """
        self.begin_if_due()
        now = time.monotonic()
        if self._interrupts.is_held:
            self._end = min(self._end, now + SIGTERM_SECONDS)
        if now >= min(self._end, self._time_over):
            raise self.ended()

    def ended(self) -> BaseException:
        """What ends a search that has drained."""
        if self._interrupts.is_held:
            return KeyboardInterrupt()
        return TimeUsedUp() if time.monotonic() >= self._time_over else SearchDrained(self.reason)

    def _why(self) -> str | None:
        """Why to drain now."""
        now = time.monotonic()
        if self._interrupts.is_held:
            return "interrupted"
        if self._interrupts.is_asked_to_drain:
            return "asked to end by SIGUSR1"
        if now >= self._time_over:
            return TIME_OVER
        return f"time to end, before {self._deadline}" if now >= self._notice else None
