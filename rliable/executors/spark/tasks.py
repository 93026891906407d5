"""Runs units in resident Spark tasks, one per slot."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from pyspark import InheritableThread, SparkContext, SparkFiles, TaskContext

from rliable.executors.base import ExecutorError, ExecutorOptions
from rliable.executors.slots.channel import Door
from rliable.executors.slots.child import RAISED, SlotSettings, slot_name
from rliable.executors.slots.pool import SlotPool
from rliable.executors.slots.supervisor import keep_serving, serve_slot
from rliable.executors.spark.context import SparkConnection, cancel_jobs, is_local, java_reason, num_places, why_stopped
from rliable.executors.spark.java import is_one_process
from rliable.unit import UnitResult

LEAVE_SECONDS = 2.0
#: Spark kills the Python process of a cancelled task after two seconds.
CANCEL_SECONDS = 3.5
#: What Spark says of a task that it has lost; the reason comes after the place.
LOST_TASK = re.compile(r"most recent failure: Lost task [^(]*(?:\([^)]*\) ?)*: (.*)")
logger = logging.getLogger(__name__)


class SparkSlots(SlotPool):
    """The pool of the slots that resident tasks serve."""

    def __init__(self, spark: SparkConnection, options: ExecutorOptions) -> None:
        """Opens the channel and submits the tasks.

        Args:
          spark: where the tasks run.
          options: how many, and what they need.
        """
        door = make_door(spark.sc, options)
        settings, group = make_settings(spark, options, door), f"rliable-{uuid.uuid4().hex[:8]}"
        self._grows = options.num_workers is None and not is_one_process(str(spark.sc.master))
        self._tasks = ResidentTasks(spark.sc, settings, group, door.ring)
        super().__init__(door, self._tasks, options)
        self._tasks.start(options.num_workers or num_places(spark.sc))

    @property
    def num_started_slots(self) -> int:
        """How many slots have ever connected."""
        return len(self.hosts)

    def _welcome(self) -> Iterator[UnitResult]:
        """Where all were asked for that there are, asks for as many more as have come: a cluster may grow."""
        yield from super()._welcome()
        if self._grows:
            self._tasks.start(2 * len(self.hosts))

    def close(self) -> None:
        """As `Executor.close`."""
        self._tasks.expect_end()
        super().close()
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
        model=options.model,
        files=spark.files,
        threads=options.threads,
        gpus_per_slot=options.gpus,
        start_seconds=options.start_seconds,
        log_folder=None if log is None else os.fspath(log.resolve().parent),
    )


class ResidentTasks:
    """One Spark job of one task per slot, each submitted from its own thread.

    A job's death concerns one slot; with N tasks in one job, the fourth failure of any would end all.
    """

    def __init__(self, sc: SparkContext, settings: SlotSettings, group: str, when_ended: Callable[[], None]) -> None:
        """Starts nothing yet.

        Args:
          sc: where to run.
          settings: of the slots.
          group: the prefix of their job groups, no other's.
          when_ended: called from a thread when a slot will not be started again.
        """
        self._sc = sc
        self._settings = settings
        self._group = group
        self._when_ended = when_ended
        self._is_ending = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._ended: set[str] = set()
        self._cancelled: set[str] = set()  # by `restart`; whoever called it says why
        self._last_error = "its tasks end at once"

    def start(self, num_slots: int) -> None:
        """Submits jobs until there are so many. Spark starts those that it has no room for when it has."""
        for slot in range(len(self._threads), num_slots):
            thread = InheritableThread(target=self._keep, args=(slot,), daemon=True)
            self._threads[slot_name(slot)] = thread
            thread.start()

    def problem(self) -> str | None:
        """Why no slot will come again, or None while some may."""
        if len(self._ended) < len(self._threads):
            return None
        return f"Spark has no slot left that works: {self._last_error}"

    def restart(self, name: str) -> None:
        """Has Spark kill a slot's task, which is then submitted again."""
        self._cancelled.add(name)
        cancel_jobs(self._sc, self._group_of(name))

    def expect_end(self) -> None:
        """Submits nothing any more: the slots are about to be told to end."""
        self._is_ending.set()

    def stop(self) -> None:
        """Waits a moment for tasks to end, and has Spark kill the others."""
        self.expect_end()
        late = self._still_alive(LEAVE_SECONDS)
        for name in late:
            self.restart(name)
        if late:
            self._still_alive(CANCEL_SECONDS)

    def _still_alive(self, seconds: float) -> list[str]:
        """The slots whose jobs do not end within a time."""
        deadline = time.monotonic() + seconds
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        return [name for name, thread in self._threads.items() if thread.is_alive()]

    def _group_of(self, name: str) -> str:
        return f"{self._group} {name}"

    def _keep(self, slot: int) -> None:
        """Runs a slot's job again and again until the study ends or it has died too often."""
        keep_serving(partial(self._run_job, slot), self._is_ending)
        self._ended.add(slot_name(slot))
        self._when_ended()

    def _run_job(self, slot: int) -> None:
        """Runs a slot's job to its end, whatever that is."""
        name = slot_name(slot)
        self._cancelled.discard(name)
        try:
            self._sc.setJobGroup(self._group_of(name), f"RLiable {name}")
            self._sc.parallelize([slot], 1).mapPartitions(partial(serve_partition, self._settings)).collect()
        except Exception as error:
            if not self._is_ending.is_set() and name not in self._cancelled:
                self._report(name, error)

    def _report(self, name: str, error: Exception) -> None:
        """Says that a slot died, but the same thing only once; where Spark has stopped, `problem` says it."""
        stopped = why_stopped(self._sc)
        cause = stopped or cause_of(str(error))
        if cause != self._last_error and stopped is None:
            logger.warning("%s died: %s", name, cause)
        self._last_error = cause


def serve_partition(settings: SlotSettings, slots: Iterator[int]) -> Iterator[Any]:
    """The task: serves its slot. The input is drained first, else Spark would not use this Python process again."""
    for slot in list(slots):
        serve_slot(with_gpus(settings.at(SparkFiles.getRootDirectory()), slot), slot)
    return iter(())


def with_gpus(settings: SlotSettings, slot: int) -> SlotSettings:
    """The settings of a slot that sees the GPUs which Spark gave its task, or else its share of this machine's."""
    task = TaskContext.get()
    dealt = task.resources().get("gpu") if task is not None else None
    return settings.seeing(dealt.addresses) if dealt is not None else settings.sharing_gpus(slot)


def cause_of(text: str) -> str:
    """The line that tells most of a failed job: the error that a Python worker raised, or Spark's own reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    start = next((index for index, line in enumerate(lines) if line.startswith("Traceback")), len(lines))
    raised = [line for line in lines[start:] if RAISED.match(line)]
    reasons = [match.group(1) for match in map(LOST_TASK.search, lines) if match]
    return (raised or reasons or [java_reason(text) or "no reason given"])[0]
