"""Runs units one after another in this process, where a breakpoint works."""

from __future__ import annotations

import dataclasses
import importlib
import time
import traceback
from collections.abc import Iterator
from typing import Any

from rliable.executors.base import Executor
from rliable.executors.failures import failed_result
from rliable.executors.options import ExecutorOptions
from rliable.executors.watchdog import LimitExceeded, Watchdog
from rliable.threads import limit_threads
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
            self._spark = importlib.import_module("rliable.executors.spark_connection").SparkConnection(self._options)
        return self._spark.sc
