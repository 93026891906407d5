"""Runs units whose models use the cluster themselves: on driver threads, each in its own FAIR pool."""

from __future__ import annotations

import ctypes
import dataclasses
import queue
import threading
import time
import uuid
from collections.abc import Iterator

from pyspark import InheritableThread, SparkContext

from rliable.executors.slots.child import CHECK_SECONDS, slot_name
from rliable.executors.worker import run_unit
from rliable.unit import OnReport, Unit, UnitResult, failed_result


class Cancelled(KeyboardInterrupt):
    """Raised inside a run that exceeds its time or is not needed any more."""


@dataclasses.dataclass
class Run:
    """A unit on a thread.

    Attributes:
      unit: what runs.
      slot: where.
      group: its Spark job group.
      started: seconds since the epoch.
      thread: where it runs.
    """

    unit: Unit
    slot: str
    group: str
    started: float
    thread: threading.Thread


class RddPool:
    """Runs a number of units at a time with the SparkContext.

    The memory limit does not hold here: the runs share the driver's process, and their data is on the cluster.
    """

    def __init__(self, sc: SparkContext, num_slots: int) -> None:
        """Starts nothing yet.

        Args:
          sc: what models get.
          num_slots: how many at a time.
        """
        self._sc = sc
        self._free = [slot_name(slot) for slot in reversed(range(num_slots))]
        self._runs: dict[str, Run] = {}
        self._done: queue.SimpleQueue[tuple[Run, UnitResult]] = queue.SimpleQueue()

    def execute(self, units: Iterator[Unit], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        """As `Executor.execute`."""
        is_drained = False
        while self._runs or not is_drained:
            while self._free and not is_drained:
                unit = next(units, None)
                is_drained = unit is None
                if unit is not None:
                    self._start(unit)
            yield from self._take_in()

    def close(self) -> None:
        """As `Executor.close`."""
        for run in list(self._runs.values()):
            self._cancel(run)

    def _start(self, unit: Unit) -> None:
        slot = self._free.pop()
        group = f"rliable-{uuid.uuid4().hex[:8]}"
        thread = InheritableThread(target=self._work, args=(group,), daemon=True)
        self._runs[group] = Run(unit, slot, group, time.time(), thread)
        thread.start()

    def _work(self, group: str) -> None:
        run = self._runs[group]
        self._sc.setLocalProperty("spark.scheduler.pool", group)
        self._sc.setJobGroup(group, f"RLiable trial {run.unit.trial} run {run.unit.run}", interruptOnCancel=True)
        try:
            self._done.put((run, run_unit(run.unit, run.slot, sc=self._sc)))
        except Cancelled:
            return

    def _take_in(self) -> Iterator[UnitResult]:
        """Waits for a result, or until it is time to look for runs that exceed their time."""
        is_limited = any(run.unit.limits.are_watched for run in self._runs.values())
        try:
            run, result = self._done.get(timeout=CHECK_SECONDS if is_limited else 1.0)
        except queue.Empty:
            yield from self._stop_late_runs()
            return
        if self._runs.pop(run.group, None) is not None:
            self._free.append(run.slot)
            yield result

    def _stop_late_runs(self) -> Iterator[UnitResult]:
        for run in list(self._runs.values()):
            error = run.unit.limits.exceeded(time.time() - run.started, 0)
            if error is not None:
                del self._runs[run.group]
                self._cancel(run)
                self._free.append(run.slot)
                yield failed_result(run.unit, run.slot, run.started, error)

    def _cancel(self, run: Run) -> None:
        """Cancels a run's Spark jobs and interrupts its Python code."""
        self._sc.cancelJobGroup(run.group)
        if run.thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(run.thread.ident), ctypes.py_object(Cancelled))
