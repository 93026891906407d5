"""Limits for a unit that runs in this process: a thread that interrupts the main thread."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any

import psutil

from rliable.executors.limits import CHECK_SECONDS, exceeded, has_limits, resident_bytes
from rliable.trial import Limits

#: Nothing else in Python or TensorFlow uses it, unlike SIGALRM.
INTERRUPT = signal.SIGUSR2


class LimitExceeded(BaseException):
    """Raised inside a run that exceeds a limit; no `Exception`, so that a model's own handlers let it pass."""


class Watchdog:
    """Raises `LimitExceeded` in the main thread's `with` block when the limits are exceeded.

    Without limits it does nothing and costs nothing. On leaving, the signal's previous handler is back.

    Attributes:
      reason: the limit that was exceeded, one line, even if the block has swallowed the exception; else empty.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._is_active = has_limits(limits)
        self._left = threading.Event()
        self.reason = ""

    def __enter__(self) -> Watchdog:
        if self._is_active:
            self._previous: Any = signal.signal(INTERRUPT, self._interrupt)
            self._thread = threading.Thread(target=self._watch, name="rliable-watchdog", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._is_active:
            return
        try:
            self._left.set()
        finally:
            self._left.set()
            self._thread.join()
            signal.signal(INTERRUPT, self._previous)

    def _watch(self) -> None:
        started, process = time.monotonic(), psutil.Process()
        while not self._left.wait(CHECK_SECONDS):
            memory = resident_bytes(process) if self._limits.memory_mb is not None else 0
            self.reason = exceeded(self._limits, time.monotonic() - started, memory) or ""
            if self.reason:
                signal.pthread_kill(threading.main_thread().ident or 0, INTERRUPT)
                return

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._left.is_set():
            raise LimitExceeded(self.reason)
