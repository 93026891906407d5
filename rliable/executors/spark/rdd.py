"""Runs units whose models use the cluster themselves: on driver threads, each in its own FAIR pool."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import queue
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from functools import partial

from pyspark import InheritableThread, SparkContext

from rliable.executors.base import ExecutorError
from rliable.executors.slots.child import CHECK_SECONDS, slot_name
from rliable.executors.spark.context import cancel_jobs, is_running
from rliable.executors.worker import Exchange, error_line, plain_row, plain_text, run_unit
from rliable.unit import Answer, OnReport, Report, Unit, UnitResult, failed_result, result_of


class Cancelled(BaseException):
    """Raised inside a run that exceeds its time or is not needed any more."""


@dataclasses.dataclass
class RddRun:
    """A unit on a thread.

    Attributes:
      unit: what runs.
      slot: where.
      group: its Spark job group.
      started: seconds since the epoch.
      thread: where it runs, once it does.
      is_answered: whether its last report has been answered.
      answer: the last answer.
    """

    unit: Unit
    slot: str
    group: str
    started: float
    thread: threading.Thread | None = None
    is_answered: bool = True
    answer: Answer = Answer.GO_ON


class RddPool:
    """Runs a number of units at a time with the SparkContext.

    The memory limit does not hold here: the runs share the driver's process, and their data is on the cluster.

    Attributes:
      num_started_slots, hosts: as of `Pool`; these runs are on the driver's machine.
    """

    def __init__(self, sc: SparkContext, num_slots: int) -> None:
        """Starts nothing yet.

        Args:
          sc: what models get.
          num_slots: how many at a time.
        """
        self.num_started_slots = num_slots
        self.hosts: dict[str, str] = {}
        self._sc = sc
        self._free = [slot_name(slot) for slot in reversed(range(num_slots))]
        self._runs: dict[str, RddRun] = {}
        self._told: queue.SimpleQueue[tuple[RddRun, Report | UnitResult]] = queue.SimpleQueue()
        self._on_report: OnReport | None = None

    def gather(self) -> None:
        """As `Executor.gather`: all are here."""

    def execute(
        self, units: Iterator[Unit | None], on_report: OnReport | None = None, on_wait: Callable[[], None] | None = None
    ) -> Iterator[UnitResult]:
        """As `Executor.execute`, with `Executor.on_wait`.

        Raises:
          ExecutorError: Spark is gone.
        """
        self._on_report = on_report
        is_drained = False
        while self._runs or not is_drained:
            if on_wait is not None:
                on_wait()
            while self._free and not is_drained:
                try:
                    unit = next(units)
                except StopIteration:
                    is_drained = True
                    break
                if unit is None:
                    break
                self._start(unit)
            yield from self._take_in()

    def drain(self) -> None:
        """As `Executor.drain`: nothing is begun again here, and `units` gives no more."""

    def close(self) -> None:
        """As `Executor.close`."""
        for run in list(self._runs.values()):
            self._cancel(run)

    def _start(self, unit: Unit) -> None:
        group = f"rliable-{uuid.uuid4().hex[:8]}"
        run = self._runs[group] = RddRun(unit, self._free.pop(), group, time.time())
        run.thread = InheritableThread(target=self._work, args=(run,), daemon=True)
        run.thread.start()

    def _work(self, run: RddRun) -> None:
        """What a thread does; however that ends, there is a result."""
        try:
            self._sc.setLocalProperty("spark.scheduler.pool", run.group)
            description = f"RLiable trial {run.unit.trial} run {run.unit.run}"
            self._sc.setJobGroup(run.group, description, interruptOnCancel=True)
            result = run_unit(run.unit, run.slot, sc=self._sc, exchange=Exchange(partial(self._report, run)))
        except BaseException as error:
            told = {"error": error_line(error), "traceback": plain_text(traceback.format_exc())}
            result = result_of(run.unit, run.slot, run.started, told)
        self._told.put((run, result))

    def _report(self, run: RddRun, row: dict[str, float]) -> Answer:
        """Passes a row on to the thread that takes the results, unless it has not answered the one before."""
        if self._on_report is not None and run.is_answered:
            run.is_answered = False
            figures = plain_row(row)
            step = int(figures.pop("step"))
            self._told.put((run, Report(run.unit.trial, run.unit.run, run.slot, step, figures)))
        return run.answer

    def _take_in(self) -> Iterator[UnitResult]:
        """Waits for a report or a result, or until it is time to look for runs that exceed their time."""
        is_limited = any(run.unit.limits.are_watched for run in self._runs.values())
        with contextlib.suppress(queue.Empty):
            yield from self._hear(*self._told.get(timeout=CHECK_SECONDS if is_limited else 1.0))
        if self._told.empty():  # else a run may have ended in time while nobody listened
            yield from self._stop_late_runs()

    def _hear(self, run: RddRun, told: Report | UnitResult) -> Iterator[UnitResult]:
        if run.group not in self._runs:
            return  # it has been cancelled
        if isinstance(told, UnitResult):
            self._remove(run)
            self._require_spark(told)
            yield told
        elif self._on_report is not None:
            run.answer, run.is_answered = self._on_report(told), True

    def _require_spark(self, result: UnitResult) -> None:
        """Ends the study when a run failed because Spark is gone: the run is not to blame, and all others would fail.

        Raises:
          ExecutorError: Spark is gone.
        """
        if result.error is not None and not is_running(self._sc):
            raise ExecutorError(f"Spark does not run any more: {result.error}")

    def _stop_late_runs(self) -> Iterator[UnitResult]:
        for run in list(self._runs.values()):
            error = run.unit.limits.exceeded(time.time() - run.started, 0)
            if error is not None:
                self._cancel(run)
                self._remove(run)
                yield failed_result(run.unit, run.slot, run.started, error)

    def _remove(self, run: RddRun) -> None:
        """Makes room for another."""
        del self._runs[run.group]
        self._free.append(run.slot)

    def _cancel(self, run: RddRun) -> None:
        """Cancels a run's Spark jobs and interrupts its Python code."""
        cancel_jobs(self._sc, run.group)
        thread = run.thread
        if thread is not None and thread.ident is not None and thread.is_alive():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Cancelled))
