"""Runs units one after another in this process, where a breakpoint works."""

from __future__ import annotations

import dataclasses
import importlib
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

import psutil

from rliable.executors.base import Executor, ExecutorOptions
from rliable.executors.slots.child import CHECK_SECONDS, resident_bytes
from rliable.executors.worker import run_unit
from rliable.threads import limit_threads
from rliable.unit import Limits, Unit, UnitResult, exceeded, failed_result, has_limits

SLOT = "driver"
#: Nothing else in Python or TensorFlow uses it, unlike SIGALRM.
INTERRUPT = signal.SIGUSR2


class InProcessExecutor(Executor):
    """The executor without workers.

    A time limit stops a run when it next executes Python code: a single long call into compiled code ends first.
    """

    mode = "serial"
    num_slots = 1

    def __init__(self, options: ExecutorOptions | None = None) -> None:
        self._options = options or ExecutorOptions()
        self._spark: Any = None

    def execute(self, units: Iterator[Unit]) -> Iterator[UnitResult]:
        limit_threads(self._options.threads)
        for unit in units:
            yield self._run(unit)

    def close(self) -> None:
        if self._spark is not None:
            self._spark.close()

    def _run(self, unit: Unit) -> UnitResult:
        sc = self._context() if unit.model.data == "rdd" else None
        started = time.time()
        try:
            with Watchdog(unit.limits) as watchdog:
                result = run_unit(unit, SLOT, sc=sc)
        except LimitExceeded as error:
            result = failed_result(unit, SLOT, started, str(error))
            return dataclasses.replace(result, traceback=traceback.format_exc())
        # a model's bare `except:` takes the interrupt, but not the limit
        return failed_result(unit, SLOT, started, watchdog.reason) if watchdog.reason else result

    def _context(self) -> Any:
        """The SparkContext for models that need an RDD, made when the first one comes."""
        if self._spark is None:
            self._spark = importlib.import_module("rliable.executors.spark.context").SparkConnection(self._options)
        return self._spark.sc


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
