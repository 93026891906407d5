"""Serves a slot: watches one computing process, and passes messages between it and the driver."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import time
from multiprocessing.connection import Connection, wait
from pathlib import Path

from rliable.executors.slots.channel import connect
from rliable.executors.slots.child import CHECK_SECONDS, ComputeProcess, SlotSettings, slot_name
from rliable.executors.slots.messages import Kind, kind_of, pack, read_unit, unpack
from rliable.unit import Limits, exceeded, has_limits

BEAT_SECONDS = 1.0
#: Importing TensorFlow from a cold network disk can take minutes.
START_SECONDS = 300.0


@dataclasses.dataclass
class Job:
    """What the process works on.

    Attributes:
      frame: the driver's order.
      limits: of the unit.
      started: when the process got it, monotonic seconds; None while it is starting.
    """

    frame: bytes
    limits: Limits
    started: float | None = None


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
        self._log = Path(settings.log_folder or ".") / f"log-slot-{slot}.txt"
        self._job: Job | None = None
        self._is_stopped = False
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
        greeting = {"slot": self._name, "pid": os.getpid(), "host": socket.gethostname()}
        self._driver.send_bytes(pack(Kind.HELLO, greeting))
        self._process = self._start_process()

    def _start_process(self) -> ComputeProcess:
        self._process_started = time.monotonic()
        return ComputeProcess(self._settings, self._name, self._log)

    def _relay(self) -> None:
        """Passes on what has come in, or waits until it is time to look at the process again."""
        channels = [self._driver] + ([self._process.channel] if self._process else [])
        is_limited = self._job is not None and has_limits(self._job.limits)
        for ready in wait(channels, CHECK_SECONDS if is_limited else BEAT_SECONDS):
            if ready is self._driver:
                self._hear_driver(self._driver.recv_bytes())
            elif self._process is not None and ready is self._process.channel:
                self._hear_process(self._process)

    def _hear_driver(self, frame: bytes) -> None:
        kind = kind_of(frame)
        if kind is Kind.STOP or kind is Kind.NEXT:
            self._is_stopped = kind is Kind.STOP
            if kind is Kind.NEXT and self._process is not None:
                self._hand_on(self._process, frame)
            return
        self._job = Job(frame, read_unit(unpack(frame).fields["unit"]).limits)
        self._process = self._process or self._start_process()
        self._begin(self._process)

    def _begin(self, process: ComputeProcess) -> None:
        """Gives the job to the process once it is there to take it."""
        if process.is_ready and self._job is not None and self._job.started is None:
            self._job.started = time.monotonic()
            self._hand_on(process, self._job.frame)

    def _hand_on(self, process: ComputeProcess, frame: bytes) -> None:
        """Sends to the process; if it has just died, that shows when it is next read."""
        with contextlib.suppress(OSError):
            process.channel.send_bytes(frame)

    def _hear_process(self, process: ComputeProcess) -> None:
        try:
            frame = process.channel.recv_bytes()
        except (EOFError, OSError):
            self._bury(process.end())
            return
        kind = kind_of(frame)
        if kind is Kind.READY:
            process.is_ready = True
            self._begin(process)
            return
        if kind in (Kind.RESULT, Kind.PLAYED):
            self._job = None
        self._driver.send_bytes(frame)
        if kind is Kind.RESULT and process.has_outgrown_its_slot():
            process.kill()
            self._process = self._start_process()

    def _watch(self) -> None:
        """Ends a process that exceeds a limit, does not start, or has closed its channel without a word."""
        process, job = self._process, self._job
        if process is None:
            return
        if process.has_ended:
            self._bury(process.end())
        elif not process.is_ready and time.monotonic() - self._process_started > START_SECONDS:
            process.kill()
            self._bury(f"worker process did not start within {START_SECONDS:g} s")
        elif job is not None and job.started is not None and has_limits(job.limits):
            memory = process.memory_bytes() if job.limits.memory_mb is not None else 0
            error = exceeded(job.limits, time.monotonic() - job.started, memory)
            if error is not None:
                process.kill()
                self._bury(error, is_final=True)

    def _bury(self, error: str, is_final: bool = False) -> None:
        """Reports a process that is gone, and starts another if it died at work.

        One that dies while idle (in importing a model, say) is replaced only when there is work for it, else it would
        die again and again.
        """
        process, self._process = self._process, None
        if process is None or self._job is None:
            return
        self._job = None
        fields = {"error": error, "is_final": is_final, "pid": process.pid, "traceback": process.last_lines()}
        self._driver.send_bytes(pack(Kind.DIED, fields))
        self._process = self._start_process()

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._last_beat >= BEAT_SECONDS:
            self._last_beat = now
            self._driver.send_bytes(pack(Kind.BEAT))


def serve_slot(settings: SlotSettings, slot: int) -> None:
    """Connects a slot to the driver and serves it; what a Spark task calls."""
    Supervisor(settings, slot, connect(settings.address, settings.key)).serve()
