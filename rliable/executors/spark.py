"""Runs units on a Spark cluster: in resident slots, or on driver threads for models that use the cluster themselves."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pyspark import SparkContext

from rliable.executors.base import Executor
from rliable.executors.channel import Door
from rliable.executors.options import ExecutorOptions
from rliable.executors.shipping import data_files, pack_code
from rliable.executors.slot_settings import SlotSettings
from rliable.executors.slots import SlotPool
from rliable.executors.spark_context import is_local, make_context, stop_context
from rliable.executors.spark_rdd import RddPool
from rliable.executors.spark_tasks import ResidentTasks
from rliable.trial import Unit, UnitResult


class Pool(Protocol):
    """A way to run units on Spark."""

    def execute(self, units: Iterator[Unit]) -> Iterator[UnitResult]:
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
        self._pools: list[Pool] = []
        self._owns_context = sc is None
        self._folder = Path(tempfile.mkdtemp(prefix="rliable-ship-"))
        self._is_closed = False
        atexit.register(self.close)
        self._sc: SparkContext | None = sc
        try:
            self._sc = sc or make_context(options)
            self._files = self._ship(self._sc)
        except BaseException:
            self.close()
            raise

    def execute(self, units: Iterator[Unit]) -> Iterator[UnitResult]:
        first = next(units, None)
        if first is None or self._sc is None:
            return
        uses_cluster = first.model.data == "rdd"
        pool = RddPool(self._sc, self.num_slots, self._files) if uses_cluster else self._make_slots(self._sc)
        self._pools.append(pool)
        yield from pool.execute(itertools.chain([first], units))

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        for pool in self._pools:
            pool.close()
        if self._owns_context and self._sc is not None:
            stop_context(self._sc)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ship(self, sc: SparkContext) -> dict[str, str]:
        """Sends code and data to the workers; returns where they find the data files."""
        sc.addPyFile(str(pack_code(self._options.class_names, self._folder)))
        places = data_files(self._options.files)
        for name, place in places.items():
            shutil.copyfile(name, self._folder / place)
            sc.addFile(str(self._folder / place))
        return places

    def _make_slots(self, sc: SparkContext) -> Pool:
        conf, options = sc.getConf(), self._options
        host = str(conf.get("spark.driver.host", "127.0.0.1"))
        port = int(conf.get("spark.rliable.port", "0") or 0)
        door = Door(str(conf.get("spark.driver.bindAddress", host)), port, options.heartbeat_timeout_seconds)
        settings = SlotSettings(
            (host, door.address[1]),
            door.key,
            options.level,
            options.class_names,
            self._files,
            options.threads,
            self._log_folder(sc),
        )
        return SparkSlots(sc, door, settings, options)

    def _log_folder(self, sc: SparkContext) -> str | None:
        """Where slots print to: beside the driver's log if they are on the same machine."""
        log = self._options.log_path
        return os.fspath(log.resolve().parent) if log is not None and is_local(sc.master) else None


class SparkSlots:
    """Resident tasks, and the pool of the slots they serve."""

    def __init__(self, sc: SparkContext, door: Door, settings: SlotSettings, options: ExecutorOptions) -> None:
        self._tasks = ResidentTasks(sc, options.num_workers, f"rliable-{uuid.uuid4().hex[:8]}", door.ring)
        self._pool = SlotPool(door, options.heartbeat_timeout_seconds, self._tasks.problem)
        self._settings = settings

    def execute(self, units: Iterator[Unit]) -> Iterator[UnitResult]:
        """As `Executor.execute`."""
        self._tasks.start(self._settings)
        yield from self._pool.execute(units)

    def close(self) -> None:
        """As `Executor.close`."""
        self._pool.close()
        self._tasks.stop()
