"""Runs units on a Spark cluster."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from rliable.executors.base import Executor, ExecutorOptions
from rliable.executors.slots.gpus import gpu_problem
from rliable.executors.spark.java import find_java_home, is_one_process, is_submitted
from rliable.schema import ConfigError
from rliable.threads import limit_threads
from rliable.unit import OnReport, Unit, UnitResult

if TYPE_CHECKING:
    from pyspark import SparkContext


class Pool(Protocol):
    """A way to run units on Spark."""

    @property
    def num_started_slots(self) -> int:
        """How many slots have ever been there."""

    @property
    def hosts(self) -> Mapping[str, str]:
        """As `Executor.hosts`."""

    def gather(self) -> None:
        """As `Executor.gather`."""

    def execute(
        self, units: Iterator[Unit | None], on_report: OnReport | None = None, on_wait: Callable[[], None] | None = None
    ) -> Iterator[UnitResult]:
        """As `Executor.execute`, with `Executor.on_wait`."""

    def drain(self) -> None:
        """As `Executor.drain`."""

    def close(self) -> None:
        """As `Executor.close`."""


class SparkExecutor(Executor):
    """The executor for levels 1 and 2: resident slots, or driver threads for models that use the cluster themselves."""

    def __init__(self, options: ExecutorOptions, sc: SparkContext | None = None) -> None:
        """Starts Spark and ships the code.

        Args:
          options: how many slots, where, and what they need.
          sc: a running SparkContext to use, which stays open; None to start one.

        Raises:
          ConfigError: there is no Java.
          ExecutorError: Spark does not start.
        """
        from rliable.executors.spark.context import SparkConnection

        super().__init__(options)
        self.mode = f"level {options.level}"
        self._spark = SparkConnection(options, sc)
        self._pool: Pool | None = None
        self._is_gathered = False

    @classmethod
    def check(cls, options: ExecutorOptions) -> None:
        if importlib.util.find_spec("pyspark") is None:
            raise ConfigError(["--parallelized: the package 'pyspark' is missing; pip install 'rliable-spark[spark]'"])
        if not is_submitted():
            find_java_home()
        is_here = is_one_process(options.master or ("" if is_submitted() else "local"))
        problem = gpu_problem(options.num_workers or 1, options.gpus) if is_here else None
        if problem is not None:
            raise ConfigError([problem])

    @property
    def num_slots(self) -> int:  # type: ignore[override]
        """The slots that were asked for; where all were, those that have come."""
        return self._options.num_workers or self.num_started_slots

    @property
    def num_started_slots(self) -> int:
        """How many slots have ever been there, of the `num_slots` that were asked for."""
        return 0 if self._pool is None else self._pool.num_started_slots

    @property
    def hosts(self) -> Mapping[str, str]:
        return {} if self._pool is None else self._pool.hosts

    def gather(self) -> None:
        self._pool, self._is_gathered = self._make_pool(), True
        self._pool.gather()

    def execute(self, units: Iterator[Unit | None], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        if not self._is_gathered:
            self.gather()
        assert self._pool is not None
        self._is_gathered = False
        try:
            yield from self._pool.execute(units, on_report, self.on_wait)
        finally:
            self._pool.close()  # the cluster's cores are free while the driver goes on

    @property
    def can_drain(self) -> bool:
        return True

    def drain(self) -> None:
        if self._pool is not None:
            self._pool.drain()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
        self._spark.close()

    def _make_pool(self) -> Pool:
        """What runs the units; imported here, so that `check` can be called where there is no PySpark."""
        if self._options.uses_cluster:
            from rliable.executors.spark.context import num_places
            from rliable.executors.spark.rdd import RddPool

            limit_threads(self._options.threads)  # the runs share this process
            return RddPool(self._spark.sc, self._options.num_workers or num_places(self._spark.sc))
        from rliable.executors.spark.tasks import SparkSlots

        return SparkSlots(self._spark, self._options)
