"""Runs units in this process, where a breakpoint works and no limit holds."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from rliable.executors.base import Executor, ExecutorOptions
from rliable.executors.worker import Exchange, plain_row, run_unit
from rliable.threads import limit_threads
from rliable.unit import Answer, ModelConfig, OnReport, Report, Unit, UnitResult

SLOT = "driver"


class InProcessExecutor(Executor):
    """The executor without a slot: whatever a model does, it does to the search."""

    mode = "serial"
    num_slots = 1
    is_here = True

    def __init__(self, options: ExecutorOptions) -> None:
        super().__init__(options)
        self._spark: Any = None

    def execute(self, units: Iterator[Unit | None], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        limit_threads(self._options.threads)
        for unit in units:
            assert unit is not None, "nothing runs whose result could be waited for"
            sc = self._context() if unit.model.data == "rdd" else None
            yield run_unit(unit, SLOT, sc=sc, exchange=self._exchange(unit, on_report))

    def close(self) -> None:
        if self._spark is not None:
            self._spark.close()

    def _exchange(self, unit: Unit, on_report: OnReport | None) -> Exchange:
        """What passes between a run and the search."""
        kept, on_row = self._options.checkpoints, Rows(unit, on_report)
        if kept is None:
            return Exchange(on_row)
        return Exchange(on_row, partial(kept.keep, unit.trial, unit.run), kept.latest(unit.trial, unit.run))

    def _context(self) -> Any:
        """The SparkContext for models that need an RDD, made when the first one comes."""
        if self._spark is None:
            self._spark = start_spark(self._options)
        return self._spark.sc


class Rows:
    """Makes reports of a run's rows; as in a slot, a run learns of the answer to a report at the next one."""

    def __init__(self, unit: Unit, on_report: OnReport | None) -> None:
        self._unit = unit
        self._on_report = on_report
        self._answer = Answer.GO_ON

    def __call__(self, row: dict[str, float]) -> Answer:
        before = self._answer
        if before is Answer.GO_ON and self._on_report is not None:
            figures = plain_row(row)
            report = Report(self._unit.trial, self._unit.run, SLOT, int(figures.pop("step")), figures)
            self._answer = self._on_report(report)
        return before


@contextlib.contextmanager
def context_if_needed(model: ModelConfig) -> Iterator[Any]:
    """The SparkContext for one model with `data: rdd`, stopped at the end; None for all others."""
    if model.data != "rdd":
        yield None
        return
    connection = start_spark(ExecutorOptions(class_names=(model.class_name,)))
    try:
        yield connection.sc
    finally:
        connection.close()


def start_spark(options: ExecutorOptions) -> Any:
    """Makes a `SparkConnection`; PySpark is imported here only, since most models do without it."""
    return importlib.import_module("rliable.executors.spark.context").SparkConnection(options)
