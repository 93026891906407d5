"""Runs units one after another in this process, where a breakpoint works."""

from __future__ import annotations

import importlib
import os
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from rliable.executors.base import Executor
from rliable.executors.options import ExecutorOptions
from rliable.executors.watchdog import LimitExceeded, Watchdog
from rliable.trial import Unit, UnitResult
from rliable.worker import run_unit

SLOT = "driver"


class SerialExecutor(Executor):
    """The executor without workers.

    A time limit stops a run when it next executes Python code: a single long call into compiled code ends first.
    """

    mode = "serial"
    num_slots = 1

    def __init__(self, options: ExecutorOptions | None = None) -> None:
        self._options = options or ExecutorOptions()
        self._sc: Any = None
        self._stop_context: Callable[[Any], None] | None = None

    def execute(self, units: Iterator[Unit]) -> Iterator[UnitResult]:
        for unit in units:
            yield self._run(unit)

    def close(self) -> None:
        sc, self._sc = self._sc, None
        if sc is not None and self._stop_context is not None:
            self._stop_context(sc)

    def _run(self, unit: Unit) -> UnitResult:
        sc = self._context() if unit.model.data == "rdd" else None
        started = time.time()
        try:
            with Watchdog(unit.limits):
                return run_unit(unit, SLOT, sc=sc)
        except LimitExceeded as error:
            return failed_result(unit, SLOT, started, str(error), traceback.format_exc())

    def _context(self) -> Any:
        """The SparkContext for models that need an RDD, made when the first one comes."""
        if self._sc is None:
            spark_context = importlib.import_module("rliable.executors.spark_context")
            self._stop_context = spark_context.stop_context
            self._sc = spark_context.make_context(self._options)
        return self._sc


def failed_result(unit: Unit, slot: str, started: float, error: str, text: str = "") -> UnitResult:
    """The result of a unit that was stopped from outside.

    Args:
      unit: what was running.
      slot: where.
      started: when, in seconds since the epoch.
      error: why it ended, one line.
      text: a traceback or the last lines of a log.
    """
    return UnitResult(
        unit.trial, unit.run, unit.seed, slot, os.getpid(), started, time.time(), error=error, traceback=text
    )
