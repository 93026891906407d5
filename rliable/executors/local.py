"""Runs units one after another in a slot on this machine: the supervised process of the cluster, without a cluster."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator

from rliable.executors.base import Executor, ExecutorOptions
from rliable.executors.in_process import InProcessExecutor
from rliable.executors.slots.channel import Door
from rliable.executors.slots.child import SlotSettings
from rliable.executors.slots.gpus import gpu_problem
from rliable.executors.slots.pool import SlotPool
from rliable.executors.slots.supervisor import keep_serving, serve_slot
from rliable.schema import ConfigError
from rliable.unit import OnReport, Unit, UnitResult

HOST = "127.0.0.1"
JOIN_SECONDS = 5.0


class LocalExecutor(Executor):
    """The executor of serial mode.

    A run has a process to itself, so a crash, a limit or grown memory costs that run and not the search. Models with
    `data: rdd` use a cluster from the driver's process, and are run there.
    """

    mode = "serial"
    num_slots = 1
    is_here = True

    def __init__(self, options: ExecutorOptions) -> None:
        super().__init__(options)
        self._pool: InProcessExecutor | LocalSlot
        self._pool = InProcessExecutor(options) if options.uses_cluster else LocalSlot(options)

    @classmethod
    def check(cls, options: ExecutorOptions) -> None:
        problem = gpu_problem(1, options.gpus)
        if problem is not None:
            raise ConfigError([problem])

    def execute(self, units: Iterator[Unit | None], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        self._pool.on_wait = self.on_wait
        yield from self._pool.execute(units, on_report)

    @property
    def can_drain(self) -> bool:
        return self._pool.can_drain

    def drain(self) -> None:
        self._pool.drain()

    def close(self) -> None:
        self._pool.close()


class LocalSlot:
    """One slot, served by a thread of this process; its computing process starts at once.

    Attributes:
      on_wait, can_drain: as of `Executor`.
    """

    on_wait: Callable[[], None] | None = None
    can_drain = True

    def __init__(self, options: ExecutorOptions) -> None:
        """Starts it.

        Args:
          options: what it needs.
        """
        self._door = Door(HOST, timeout_seconds=options.heartbeat_timeout_seconds)
        log = options.log_path
        self._own = contextlib.ExitStack()
        if log is None:  # one that nobody asked for
            log_folder = self._own.enter_context(tempfile.TemporaryDirectory(prefix="rliable-"))
        else:
            log_folder = os.fspath(log.resolve().parent)
        settings = SlotSettings(
            (HOST, self._door.port),
            self._door.key,
            class_names=options.class_names,
            model=options.model,
            threads=options.threads,
            gpus_per_slot=options.gpus,
            start_seconds=options.start_seconds,
            log_folder=log_folder,
        )
        self._settings = settings.sharing_gpus(0)
        self._pool = SlotPool(self._door, self, options)
        self._is_ending, self._has_ended = threading.Event(), False
        self._thread = threading.Thread(target=self._serve, name="rliable-slot", daemon=True)
        self._thread.start()

    def execute(self, units: Iterator[Unit | None], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        """As `Executor.execute`."""
        yield from self._pool.execute(units, on_report, self.on_wait)

    def drain(self) -> None:
        """As `Executor.drain`."""
        self._pool.drain()

    def close(self) -> None:
        """As `Executor.close`."""
        self._is_ending.set()
        self._pool.close()
        self._thread.join(JOIN_SECONDS)
        self._own.close()

    def problem(self) -> str | None:
        """As `SlotKeeper.problem`."""
        if not self._has_ended:
            return None
        return f"the slot on this machine ends again and again; can {self._settings.log_folder} be written to?"

    def restart(self, name: str) -> None:
        """As `SlotKeeper.restart`: it begins again by itself, as soon as it sees that its connection is closed."""

    def _serve(self) -> None:
        """What the thread does."""
        try:
            keep_serving(self._serve_once, self._is_ending)
        finally:  # whatever happens, nobody waits for a slot that will not come
            self._has_ended = True
            self._door.ring()

    def _serve_once(self) -> None:
        with contextlib.suppress(OSError, EOFError):  # the door has been closed in between, or the disk gave trouble
            serve_slot(self._settings, 0)
