"""The sessions in which searches worked on a study: how long they took, how busy the slots were.

The journal keeps them. A session is written down when it begins and again when it ends. One that was killed has no end
there; the next search takes it to have ended with the last run that finished in it.
"""

from __future__ import annotations

import collections
import dataclasses
import time
from collections.abc import Sequence

from rliable.executors.base import Executor
from rliable.unit import RunRecord


@dataclasses.dataclass(frozen=True)
class Session:
    """A stretch of time in which one search worked on a study.

    Attributes:
      started: wall clock, seconds since the epoch.
      mode: the executor's.
      num_slots: slots asked for.
      num_started_slots: slots that came.
      hosts: how many of them are on each machine, where they come from elsewhere.
      finished: wall clock; None while it goes on, and when it was killed.
      seconds: how long it lasted, without the time that the machine slept.
      slot_seconds: slot time that its finished units took, of all slots together.
    """

    started: float
    mode: str
    num_slots: int
    num_started_slots: int
    finished: float | None = None
    seconds: float = 0.0
    slot_seconds: float = 0.0
    hosts: dict[str, int] = dataclasses.field(default_factory=dict)


class SessionClock:
    """Measures the session that goes on now; made when it begins."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._started = time.time()
        self._begin = time.monotonic()
        self._slot_seconds = 0.0

    def add(self, slot_seconds: float) -> None:
        """Counts a finished unit."""
        self._slot_seconds += slot_seconds

    def begun(self) -> Session:
        """The session, when it goes on."""
        executor = self._executor
        hosts = dict(collections.Counter(executor.hosts.values()))
        return Session(self._started, executor.mode, executor.num_slots, executor.num_started_slots, hosts=hosts)

    def ended(self) -> Session:
        """The session, if it ends now."""
        seconds = time.monotonic() - self._begin
        return dataclasses.replace(self.begun(), finished=time.time(), seconds=seconds, slot_seconds=self._slot_seconds)


def with_ends(sessions: Sequence[Session], runs: Sequence[RunRecord]) -> list[Session]:
    """The sessions of the searches before this one, with an end where a killed search has written none.

    Args:
      sessions: as the journal has them, in order; version 0.1 wrote none.
      runs: all finished runs of the study.
    """
    if not sessions and runs:
        sessions = [Session(min(run.started for run in runs), "serial", 1, 1)]
    return [session if session.finished is not None else with_end(session, runs) for session in sessions]


def with_end(session: Session, runs: Sequence[RunRecord]) -> Session:
    """The last session, which was killed, as far as the runs tell that finished in it."""
    own = [run for run in runs if run.finished >= session.started]
    finished = max([session.started, *(run.finished for run in own)])
    return dataclasses.replace(
        session,
        finished=finished,
        seconds=finished - session.started,
        slot_seconds=sum(run.finished - run.started for run in own),
        num_started_slots=len({run.slot for run in own}),
    )


def worked_seconds(sessions: Sequence[Session]) -> float:
    """How long searches worked, without the pauses between them."""
    return sum(session.seconds for session in sessions)


def utilisation(sessions: Sequence[Session]) -> float | None:
    """The share of the slots' time that was spent on finished units, in [0, 1]; None while there was no time."""
    available = sum(session.num_started_slots * session.seconds for session in sessions)
    return min(1.0, sum(session.slot_seconds for session in sessions) / available) if available > 0 else None
