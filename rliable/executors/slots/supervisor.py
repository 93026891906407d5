"""Serves a slot: stands between the driver and one computing process, which it watches.

It imports no model and no TensorFlow, so it stays small and answers while the process computes. On Spark it is a task;
in serial mode a thread of the driver.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path

from rliable.executors.slots.channel import connect
from rliable.executors.slots.child import CHECK_SECONDS, ComputeProcess, SlotSettings, slot_name
from rliable.executors.slots.frames import FRAME_BYTES, Pieces, is_piece, send
from rliable.executors.slots.messages import (
    Answered,
    Assist,
    Assisted,
    Beat,
    Began,
    Delivered,
    Died,
    Hello,
    Joined,
    Next,
    Play,
    Played,
    Ready,
    Refused,
    Result,
    Stop,
    Train,
    kind_of_frame,
    pack,
    unpack,
)
from rliable.unit import Limits

BEAT_SECONDS = 1.0
#: How often in a row a slot may end soon after its start, how long it has to live for that not to count, and how long
#: after its end it is started again.
MAX_STARTS, HEALTHY_SECONDS, RETRY_SECONDS = 8, 60.0, 0.5
#: How many processes may end before one is ready for work.
MAX_EARLY_ENDS = 3


@dataclasses.dataclass
class Job:
    """What the process works on.

    Attributes:
      order: the driver's, packed; empty once the process has got it.
      limits: of the unit.
      handed: when the process got it, monotonic seconds; None while it is starting.
      began: when it had imported all it needs and began to work, monotonic seconds; None before.
    """

    order: bytes | memoryview
    limits: Limits
    handed: float | None = None
    began: float | None = None


class Supervisor:
    """Serves one slot until the driver says stop or is gone."""

    def __init__(self, settings: SlotSettings, slot: int, driver: Connection) -> None:
        """Keeps what it needs; starts nothing yet.

        Args:
          settings: of the study, on this machine.
          slot: its number.
          driver: the channel to the driver.
        """
        self._settings = settings
        self._name = slot_name(slot)
        self._driver = driver
        self._pieces = Pieces()  # of what the driver says
        self._log = Path(settings.log_folder or ".") / f"log-slot-{slot}.txt"
        self._job: Job | None = None
        self._is_stopped = self._is_introduced = False
        self._num_early_ends = 0
        self._last_beat = time.monotonic()
        self._process_started = 0.0
        self._process: ComputeProcess | None = None

    def serve(self) -> None:
        """Works until the end; leaves no process behind."""
        try:
            self._greet()
            while not self._is_stopped:
                self._relay()
                self._watch()
                self._beat()
        except (EOFError, OSError):
            pass  # the driver is gone; it has given the work to others, or needs it no more
        finally:
            self._driver.close()
            if self._process is not None:
                self._process.kill()

    def _greet(self) -> None:
        """Tells the driver that the slot is free, and starts its process at once, for it may have much to import."""
        self._process = self._start_process()
        self._driver.send_bytes(pack(Hello(self._name, socket.gethostname())))

    def _start_process(self) -> ComputeProcess:
        self._process_started = time.monotonic()
        return ComputeProcess(self._settings, self._name, self._log)

    def _relay(self) -> None:
        """Passes on what has come in, or waits until it is time to look at the process again."""
        channels = [self._driver] + ([self._process.channel] if self._process else [])
        is_limited = self._job is not None and self._job.limits.are_watched
        for ready in wait(channels, CHECK_SECONDS if is_limited else BEAT_SECONDS):
            if ready is self._driver:
                self._hear_driver(self._pieces.add(self._driver.recv_bytes(FRAME_BYTES)))
            elif self._process is not None and ready is self._process.channel:
                self._hear_process(self._process)

    def _hear_driver(self, packed: bytes | memoryview | None) -> None:
        """Does what the driver says, or passes it on; nothing while more of it is to come."""
        if packed is None:
            return
        kind = kind_of_frame(packed)
        if kind is Stop:
            self._is_stopped = True
        elif kind in (Next, Answered, Joined, Delivered):
            if self._process is not None and self._process.is_ready:  # else it is for the one before
                self._hand_on(self._process, packed)
        elif kind in (Train, Play, Assist):
            order = unpack(packed)
            assert isinstance(order, Train | Play | Assist)
            self._job = Job(packed, order.unit.limits)
            self._process = self._process or self._start_process()
            self._begin(self._process)

    def _introduce(self, frame: bytes) -> None:
        """Tells the driver, once, what its first process has found."""
        if not self._is_introduced:
            self._is_introduced = True
            self._settings = dataclasses.replace(self._settings, model=None)  # processes after it need not try it again
            self._driver.send_bytes(frame)

    def _begin(self, process: ComputeProcess) -> None:
        """Gives the job to the process once it is there to take it."""
        if process.is_ready and self._job is not None and self._job.handed is None:
            self._job.handed = time.monotonic()
            self._hand_on(process, self._job.order)
            self._job.order = b""  # it may be large

    def _hand_on(self, process: ComputeProcess, packed: bytes | memoryview) -> None:
        """Sends to the process; if it has just died, that shows when it is next read."""
        with contextlib.suppress(OSError):
            send(process.channel, packed)

    def _hear_process(self, process: ComputeProcess) -> None:
        try:
            frame = process.channel.recv_bytes(FRAME_BYTES)
            kind = None if is_piece(frame) else kind_of_frame(frame)
        except (EOFError, OSError):
            self._bury(process.end())
            return
        except IndexError:
            process.kill()
            self._bury("worker process said what is no message")
            return
        if kind is Ready:
            process.is_ready = True
            self._introduce(frame)
            self._begin(process)
        elif kind is Began:
            if self._job is not None:
                self._job.began = time.monotonic()
        else:
            if kind in (Result, Played, Assisted, Refused):
                self._job = None
            self._driver.send_bytes(frame)
            if kind is Result and process.has_outgrown_its_slot():
                process.kill()
                self._process = self._start_process()

    def _watch(self) -> None:
        """Ends a process that exceeds a limit, does not start, or has closed its channel without a word."""
        process = self._process
        if process is None:
            return
        if process.has_ended and not process.channel.poll():  # else it has left words, such as a checkpoint
            self._bury(process.end())
            return
        late, exceeded = self._lateness(process), self._excess(process)
        if late or exceeded:
            process.kill()
            self._bury(exceeded or late or "", is_final=exceeded is not None)

    def _lateness(self, process: ComputeProcess) -> str | None:
        """Why a process that has not begun to work never will, or None."""
        now, job, patience = time.monotonic(), self._job, self._settings.start_seconds
        if not process.is_ready:
            is_late = now - self._process_started > patience
        else:
            is_late = job is not None and job.handed is not None and job.began is None and now - job.handed > patience
        return f"worker process did not start within {patience:g} s" if is_late else None

    def _excess(self, process: ComputeProcess) -> str | None:
        """Which limit the work exceeds, or None."""
        job = self._job
        if job is None or job.began is None or not job.limits.are_watched:
            return None
        memory = process.memory_bytes() if job.limits.memory_mb is not None else 0
        return job.limits.exceeded(time.monotonic() - job.began, memory)

    def _bury(self, error: str, is_final: bool = False) -> None:
        """Reports a process that is gone, and starts another if it died at work.

        One that dies while idle is replaced only when there is work for it, else it would die again and again.
        """
        process, self._process = self._process, None
        if process is None:
            return
        if not self._is_introduced:
            self._try_again(error)
        elif self._job is not None:
            self._job = None
            self._driver.send_bytes(pack(Died(error, is_final, process.pid, process.last_lines())))
            self._process = self._start_process()

    def _try_again(self, error: str) -> None:
        """Starts a process after one that was never ready, a few times; then this is no slot to work in."""
        self._num_early_ends += 1
        is_late = time.monotonic() - self._process_started > self._settings.start_seconds
        if is_late or self._num_early_ends == MAX_EARLY_ENDS:
            self._introduce(pack(Ready(problem=error)))
        else:
            self._process = self._start_process()

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._last_beat >= BEAT_SECONDS:
            self._last_beat = now
            self._driver.send_bytes(pack(Beat()))
            if self._process is not None:
                self._process.shorten_log()


def serve_slot(settings: SlotSettings, slot: int) -> None:
    """Connects a slot to the driver and serves it; what a Spark task calls."""
    Supervisor(settings, slot, connect(settings.address, settings.key)).serve()


def keep_serving(serve: Callable[[], None], is_ending: threading.Event) -> None:
    """Serves a slot again and again, until it has to end or has ended too often soon after its start.

    Args:
      serve: serves it, to whatever end that comes.
      is_ending: set when it has to end for good.
    """
    num_starts = 0
    while num_starts < MAX_STARTS and not is_ending.is_set():
        started = time.monotonic()
        serve()
        num_starts = 1 if time.monotonic() - started > HEALTHY_SECONDS else num_starts + 1
        is_ending.wait(RETRY_SECONDS)
