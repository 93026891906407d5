"""Keeps one Spark task alive per slot."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from pyspark import InheritableThread, SparkContext, SparkFiles

from rliable.executors.slot_settings import SlotSettings, slot_name
from rliable.executors.supervisor import serve_slot

#: How often a slot's job is submitted again after it died.
MAX_STARTS = 8
JOIN_SECONDS = 2.0
RETRY_SECONDS = 0.5

logger = logging.getLogger(__name__)


class ResidentTasks:
    """One Spark job of one task per slot, each submitted from its own thread.

    A job's death concerns one slot; with N tasks in one job, the fourth failure of any would end all.
    """

    def __init__(self, sc: SparkContext, num_slots: int, group: str, when_ended: Callable[[], None]) -> None:
        """Starts nothing yet.

        Args:
          sc: where to run.
          num_slots: how many tasks.
          group: the prefix of their job groups, no other's.
          when_ended: called from a thread when a slot will not be started again.
        """
        self._sc = sc
        self._group = group
        self._num_slots = num_slots
        self._when_ended = when_ended
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._last_error = "no task has run"

    def start(self, settings: SlotSettings) -> None:
        """Submits the jobs."""
        for slot in range(self._num_slots):
            thread = InheritableThread(target=self._keep, args=(settings, slot), daemon=True)
            thread.name = f"rliable-{slot_name(slot)}"
            self._threads.append(thread)
            thread.start()

    def problem(self) -> str | None:
        """Why no slot will come again, or None while some may."""
        if any(thread.is_alive() for thread in self._threads):
            return None
        return f"Spark has no slot left that works: {self._last_error}"

    def stop(self) -> None:
        """Waits a moment for tasks that were told to end, and cancels the others."""
        self._closing.set()
        deadline = time.monotonic() + JOIN_SECONDS
        for slot, thread in enumerate(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                self._sc.cancelJobGroup(self._group_of(slot))

    def _group_of(self, slot: int) -> str:
        return f"{self._group} {slot_name(slot)}"

    def _keep(self, settings: SlotSettings, slot: int) -> None:
        """Runs a slot's job again and again until the study ends or it has died too often."""
        for _ in range(MAX_STARTS):
            if self._closing.is_set():
                return
            try:
                self._run_job(settings, slot)
            except Exception as error:
                self._last_error = last_line(error)
                logger.warning("%s died: %s", slot_name(slot), self._last_error)
            self._closing.wait(RETRY_SECONDS)
        self._threads[slot] = threading.Thread()  # so that `problem` does not count this one any more
        self._when_ended()

    def _run_job(self, settings: SlotSettings, slot: int) -> None:
        self._sc.setJobGroup(self._group_of(slot), f"RLiable {slot_name(slot)}")
        self._sc.parallelize([slot], 1).mapPartitions(partial(serve_partition, settings)).collect()


def serve_partition(settings: SlotSettings, slots: Iterator[int]) -> Iterator[Any]:
    """The task: serves its slot. The input is drained first, else Spark would not use this Python process again."""
    for slot in list(slots):
        serve_slot(settings.at(SparkFiles.getRootDirectory()), slot)
    return iter(())


def last_line(error: Exception) -> str:
    """The line that tells most of a failed job: the last of the worker's traceback, or the first of Spark's."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    marks = [index for index, line in enumerate(lines) if line.startswith("Traceback")]
    inner = [line for line in lines[marks[-1] :] if not line.startswith(("at ", "File "))] if marks else []
    named = [line for line in inner if "Error" in line.partition(":")[0]]
    return (named or lines or [type(error).__name__])[0]
