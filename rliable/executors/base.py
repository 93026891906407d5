"""The contract of executors, which carry the tuner's units to the places where work is done."""

from __future__ import annotations

import dataclasses
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rliable.schema import ConfigError
from rliable.unit import ModelConfig, OnReport, Unit, UnitResult

if TYPE_CHECKING:
    from rliable.records.checkpoints import Checkpoints


class ExecutorError(Exception):
    """No place is left to run units in; one line for the user. What was finished is kept."""


@dataclasses.dataclass(frozen=True)
class ExecutorOptions:
    """How and where units are to run. An executor ignores what does not concern it.

    Attributes:
      num_workers: slots asked for; None for as many as there are.
      level: 1 (a run is a unit) or 2 (its evaluation is cut into units as well).
      master: the Spark master; None for what spark-submit or Spark's settings say, else `local[num_workers]`.
      app_name: the name Spark shows.
      log_path: the file for what Spark and the slots print; None drops it.
      class_names: the classes of models and of environments made for them; the users' own are shipped to the workers.
      model: the study's, as its file has it, with which each slot is tried before it gets work; None tries none.
      files: data files that units name as their `environment`; they are shipped as well. Other names are ignored.
      uses_cluster: whether the models get the SparkContext (`data: rdd`), and so run in the driver's process.
      threads: cores that each slot computes with.
      memory_mb: what a run may use; None for any.
      gpus: GPUs that each slot sees; a fraction shares one, None hides none.
      checkpoints: where checkpoints of runs are kept and found again; None keeps none.
      spool: the folder for what comes in from slots and is large; None for the system's folder of temporary files.
      start_seconds: how long a process may take to import what it needs.
      heartbeat_timeout_seconds: silence after which a slot counts as lost.
      max_training_slots: how many slots train at the same time, those that help with a training included; None for all.
      max_evaluation_slots: how many slots play test episodes of others' runs at the same time; None for all.
    """

    num_workers: int | None = 1
    level: int = 1
    master: str | None = None
    app_name: str = "rliable"
    log_path: Path | None = None
    class_names: tuple[str, ...] = ()
    model: ModelConfig | None = None
    files: tuple[str, ...] = ()
    uses_cluster: bool = False
    threads: int = 1
    memory_mb: int | None = None
    gpus: float | None = None
    checkpoints: Checkpoints | None = None
    spool: Path | None = None
    start_seconds: float = 300.0
    heartbeat_timeout_seconds: float = 15.0
    max_training_slots: int | None = None
    max_evaluation_slots: int | None = None


class Executor(ABC):
    """Runs units in some number of slots.

    The tuner calls `execute` once and then `close` once; `close` may come early (convergence, Ctrl-C) and may be
    called twice. Units and results are plain data. An executor lives in the driver's main thread.

    Attributes:
      mode: "serial", "level 1" or "level 2".
      num_slots: how many units run at the same time at most.
      is_here: whether they run on the driver's machine, whose devices therefore can be looked at before they do.
      on_wait: called about once a second while `execute` waits, from the calling thread; what it raises ends `execute`.
        Nothing calls it where `can_drain` is False.
    """

    mode: str
    num_slots: int
    is_here: ClassVar[bool] = False
    on_wait: Callable[[], None] | None = None

    def __init__(self, options: ExecutorOptions) -> None:
        """Makes it ready to execute, as far as can be done before the first unit.

        Args:
          options: how many slots, where, and what they need.

        Raises:
          ConfigError, ExecutorError: it cannot work here.
        """
        self._options = options

    @classmethod  # noqa: B027
    def check(cls, options: ExecutorOptions) -> None:
        """Looks for what it needs on this machine, before anything is written.

        Raises:
          ConfigError: something is missing.
        """

    @abstractmethod
    def execute(self, units: Iterator[Unit | None], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        """Runs every unit and yields results as they come, in any order.

        The next unit is drawn only when a slot is free, and drawn from the calling thread, so `units` may look at the
        results yielded so far. A unit that fails gives a result with an error; nothing is raised for it.

        Args:
          units: what to run. None says that nothing is to be begun before another result has been taken; it comes only
            while some unit runs.
          on_report: is told what runs report while they go on, also from the calling thread; its answer reaches the run
            at one of its next reports. Of a run that reports faster than it is answered, not every report arrives.
        """

    @property
    def hosts(self) -> Mapping[str, str]:
        """The machine of each slot that has come so far, by the slot's name, where they come from elsewhere."""
        return {}

    def gather(self) -> None:  # noqa: B027
        """Waits a moment for slots that have to come, so that it can be said which there are; before `execute`.

        Raises:
          ExecutorError: none will come.
        """

    @property
    def num_started_slots(self) -> int:
        """How many slots have come so far: `num_slots`, unless some have to be waited for."""
        return self.num_slots

    @property
    def can_drain(self) -> bool:
        """Whether the thread that has called `execute` gets time while runs go on."""
        return False

    def drain(self) -> None:  # noqa: B027
        """Begins no run any more, nor again one that has lost its process; `execute` ends with those that run.

        Called from within `on_wait` or `on_report`. `units` gives no more by itself.
        """

    @abstractmethod
    def close(self) -> None:
        """Stops what still runs, without waiting for it, and leaves no process behind."""


def as_executor(name: str, found: Any) -> type[Executor]:
    """What names an executor, once it is known to be one.

    Args:
      name: as the user wrote it.
      found: the object of that name.

    Raises:
      ConfigError: it is no subclass of `Executor`.
    """
    if inspect.isclass(found) and issubclass(found, Executor):
        return found
    raise ConfigError([f"executor: {name} is no subclass of rliable's Executor"])
