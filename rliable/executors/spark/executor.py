"""Runs units on a Spark cluster: in resident slots, or on driver threads for models that use the cluster themselves."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Iterator
from typing import Protocol

from pyspark import SparkContext

from rliable.executors.base import Executor, ExecutorError, ExecutorOptions
from rliable.executors.slots.channel import Door
from rliable.executors.slots.child import SlotSettings
from rliable.executors.slots.pool import SlotPool
from rliable.executors.spark.context import SparkConnection, is_local
from rliable.executors.spark.java import find_java_home
from rliable.executors.spark.rdd import RddPool
from rliable.executors.spark.tasks import ResidentTasks
from rliable.threads import limit_threads
from rliable.unit import OnReport, Unit, UnitResult


class Pool(Protocol):
    """A way to run units on Spark."""

    def execute(self, units: Iterator[Unit], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        """As `Executor.execute`."""

    def close(self) -> None:
        """As `Executor.close`."""


class SparkExecutor(Executor):
    """The executor for levels 1 and 2."""

    def __init__(self, options: ExecutorOptions, sc: SparkContext | None = None) -> None:
        """Starts Spark and ships the code.

        Args:
          options: how many slots, where, and what they need.
          sc: a running SparkContext to use, which stays open; None to start one.

        Raises:
          ConfigError: there is no Java.
          ExecutorError: Spark does not start.
        """
        self.mode = f"level {options.level}"
        self.num_slots = options.num_workers
        self._options = options
        self._spark = SparkConnection(options, sc)
        self._pool: Pool | None = None

    @classmethod
    def check(cls, options: ExecutorOptions) -> None:
        find_java_home()

    def execute(self, units: Iterator[Unit], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        first = next(units, None)
        if first is None:
            return
        self._pool = self._make_pool(uses_cluster=first.model.data == "rdd")
        try:
            yield from self._pool.execute(itertools.chain([first], units), on_report)
        finally:
            self._pool.close()  # the cluster's cores are free while the driver goes on

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
        self._spark.close()

    def _make_pool(self, uses_cluster: bool) -> Pool:
        if uses_cluster:
            limit_threads(self._options.threads)  # the runs share this process
            return RddPool(self._spark.sc, self.num_slots)
        return SparkSlots(self._spark, self._options)


class SparkSlots:
    """Resident tasks, and the pool of the slots they serve."""

    def __init__(self, spark: SparkConnection, options: ExecutorOptions) -> None:
        """Opens the channel; starts no task yet.

        Args:
          spark: where the tasks run.
          options: how many, and what they need.
        """
        self._door = make_door(spark.sc, options)
        self._settings = make_settings(spark, options, self._door)
        self._tasks = ResidentTasks(spark.sc, options.num_workers, f"rliable-{uuid.uuid4().hex[:8]}", self._door.ring)
        self._pool = SlotPool(self._door, options.heartbeat_timeout_seconds, self._tasks)

    def execute(self, units: Iterator[Unit], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        """As `Executor.execute`."""
        self._tasks.start(self._settings)
        yield from self._pool.execute(units, on_report)

    def close(self) -> None:
        """As `Executor.close`."""
        self._tasks.expect_end()
        self._pool.close()
        self._tasks.stop()


def make_door(sc: SparkContext, options: ExecutorOptions) -> Door:
    """Opens the channel at the address at which executors reach the driver anyway.

    Its port is any that is free, or `spark.rliable.port` where a firewall wants one to be named.

    Raises:
      ExecutorError: that address cannot be listened at.
    """
    conf = sc.getConf()
    host = str(conf.get("spark.driver.host", "127.0.0.1"))
    bind_host, port = str(conf.get("spark.driver.bindAddress", host)), str(conf.get("spark.rliable.port", "0"))
    try:
        return Door(bind_host, int(port), options.heartbeat_timeout_seconds)
    except (OSError, ValueError, OverflowError) as error:
        raise ExecutorError(f"spark.rliable.port: cannot listen at {bind_host}:{port}: {error}") from error


def make_settings(spark: SparkConnection, options: ExecutorOptions, door: Door) -> SlotSettings:
    """What the tasks need to know. Slots print beside the driver's log if they are on the same machine."""
    log = options.log_path if is_local(str(spark.sc.master)) else None
    return SlotSettings(
        (str(spark.sc.getConf().get("spark.driver.host", "127.0.0.1")), door.port),
        door.key,
        level=options.level,
        class_names=options.class_names,
        files=spark.files,
        threads=options.threads,
        start_seconds=options.start_seconds,
        log_folder=None if log is None else os.fspath(log.resolve().parent),
    )
