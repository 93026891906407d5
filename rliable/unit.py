"""The plain data that crosses between the driver and its workers: units there, results back.

All of it is frozen dataclasses of numbers, texts, lists, dicts and bytes: `executors/slots/messages.py` sends them as
they are, and `records/` writes them as they are.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Content = bytes | memoryview
else:
    Content = memoryview  # what comes over the channel is not copied: it may lie on disk
#: Contents of files by name, a path relative to the folder that they belong to.
Files = Mapping[str, Content]


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """A model file: which model, trained on what, with which hyperparameters.

    Attributes:
      class_name: a registered name, or "package.module:Class".
      environment: an environment's name, or the path of a JSON-lines or CSV file.
      mdl_file: the folder that the model saves to and loads from.
      hp_params: hyperparameters by name, JSON values.
      data: "environment" (an in-memory object: environment or rows), or "rdd" (rows as a Spark RDD).
      environment_kwargs: constants of an environment made for the model that are changed, by name.
      wrappers: what lies around such an environment, from the inside out: each {name: its arguments by name}.
    """

    class_name: str
    environment: str
    mdl_file: str
    hp_params: dict[str, Any]
    data: str = "environment"
    environment_kwargs: dict[str, Any] = dataclasses.field(default_factory=dict)
    wrappers: list[Any] = dataclasses.field(default_factory=list)

    def as_cfg(self, seed: int, folder: str | None = None, threads: int = 1) -> dict[str, Any]:
        """The dict that a model's constructor gets; `folder` replaces `mdl_file`."""
        return {
            "class": self.class_name,
            "environment": self.environment,
            "mdl_file": folder or self.mdl_file,
            "hp_params": dict(self.hp_params),
            "data": self.data,
            "environment_kwargs": dict(self.environment_kwargs),
            "wrappers": list(self.wrappers),
            "seed": seed,
            "threads": threads,
        }


def wrapper_name(wrapper: Mapping[str, Any]) -> str:
    """The name of one of `ModelConfig.wrappers`."""
    return next(iter(wrapper))


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one run may use.

    Attributes:
      threads: cores a run computes with; part of what decides the last bit of its result.
      timeout_seconds: wall time after which it is stopped, or None.
      memory_mb: resident memory of its process, in MB of 10**6 bytes, above which it is stopped, or None.
      max_attempts: how often it is started when its process dies.
    """

    threads: int = 1
    timeout_seconds: float | None = None
    memory_mb: int | None = None
    max_attempts: int = 3

    @property
    def are_watched(self) -> bool:
        """Whether there is anything to look at while a run goes on."""
        return self.timeout_seconds is not None or self.memory_mb is not None

    def exceeded(self, elapsed_seconds: float, memory_bytes: int) -> str | None:
        """The error line of a run that exceeds a limit, or None."""
        if self.timeout_seconds is not None and elapsed_seconds > self.timeout_seconds:
            return f"exceeded trial_timeout_seconds {self.timeout_seconds:g}"
        if self.memory_mb is not None and memory_bytes > self.memory_mb * 10**6:
            return f"exceeded max_trial_memory_mb {self.memory_mb}"
        return None


@dataclasses.dataclass(frozen=True)
class Segment:
    """The part of a training that a unit is about, where that is not the whole.

    Attributes:
      first_step, last_step: environment steps; None for the end of the training.
      checkpoint: the name of the checkpoint that it begins with; None begins anew.
    """

    first_step: int = 0
    last_step: int | None = None
    checkpoint: str | None = None


@dataclasses.dataclass(frozen=True)
class Unit:
    """The smallest piece of work that is handed out: one run of a trial.

    Attributes:
      trial, run: the trial's number and the run's index in it.
      model: what to train.
      seed: of the run.
      limits: what it may use.
      segment: the part of the training; None for the whole.
    """

    trial: int
    run: int
    model: ModelConfig
    seed: int
    limits: Limits
    segment: Segment | None = None


@dataclasses.dataclass(frozen=True)
class TrialSpec:
    """One sampled configuration.

    Attributes:
      number: from 0, in the order of sampling.
      params: the sampled hyperparameters.
      model: the model with `params` merged into its `hp_params`.
      seeds: one per run.
      limits: of each run.
    """

    number: int
    params: dict[str, Any]
    model: ModelConfig
    seeds: tuple[int, ...]
    limits: Limits

    def units(self) -> list[Unit]:
        """Its runs, as units of work."""
        return [Unit(self.number, run, self.model, seed, self.limits) for run, seed in enumerate(self.seeds)]


@dataclasses.dataclass(frozen=True)
class Report:
    """What a run tells while it goes on.

    Attributes:
      trial, run: which run.
      slot: where it runs.
      step: environment steps (or rows of data) used so far.
      figures: numbers by name, such as average_return.
    """

    trial: int
    run: int
    slot: str
    step: int
    figures: dict[str, float]


class Answer(enum.Enum):
    """What a run is told to a report; it learns of it at one of its next reports."""

    GO_ON = "go on"
    STOP = "stop"
    PAUSE = "pause"


#: Called with each report in the thread that takes the results.
OnReport = Callable[[Report], Answer]


@dataclasses.dataclass(frozen=True)
class EpisodeSlice:
    """Which process played a stretch of a run's test episodes.

    Attributes:
      first, count: the episode numbers first ... first + count - 1.
      slot: the slot it ran in.
      pid: the process that computed.
      host: the machine.
    """

    first: int = 0
    count: int = 0
    slot: str = ""
    pid: int = 0
    host: str = ""


@dataclasses.dataclass(frozen=True)
class PlayedSlice(EpisodeSlice):
    """A stretch of test episodes with the return of each, in order."""

    returns: list[float] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """What is kept of one training of a trial with one seed.

    It has metrics (it succeeded), an error (it failed), or neither (it was stopped).

    Attributes:
      run: its index in the trial, from 0.
      seed: of the run.
      metrics: what the model reported, by name; None when the run failed or was stopped.
      num_episodes: test episodes played, 0 for a model without episodes.
      slot, pid: where it was computed last; 0 for a process that was lost with its slot.
      attempts: how often it was started, at least 1.
      started, finished: wall clock, seconds since the epoch.
      slices: who played which episodes; empty for models without episodes.
      error: one line, "ValueError: ..." or what limit was exceeded.
      host: the machine that it was computed on last.
      is_stopped: whether it ended because a report of it was answered with "stop" or "pause".
      is_paused: whether it may go on from a checkpoint, as it was answered with "pause".
    """

    run: int = 0
    seed: int = 0
    metrics: dict[str, float | None] | None = None
    num_episodes: int = 0
    slot: str = ""
    pid: int = 0
    attempts: int = 1
    started: float = 0.0
    finished: float = 0.0
    slices: list[EpisodeSlice] = dataclasses.field(default_factory=list)
    error: str | None = None
    host: str = ""
    is_stopped: bool = False
    is_paused: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnitResult(RunRecord):
    """What came of a unit: the record of the run, and what is written into files of its own.

    Attributes:
      trial: the number of the run's trial.
      slot_seconds: slot time that it took, in all slots together.
      slices: with the returns.
      predictions: what `evaluate` gave; the episodes' returns for an agent.
      learning_curve: rows as `BaseModel.report` collected them.
      files: what the model saved: relative path -> content.
      traceback: the full text of an error.
      is_lost: whether a process died that the run needed, such as one that steps an environment; another attempt may
        end otherwise.
    """

    trial: int
    slices: list[PlayedSlice] = dataclasses.field(default_factory=list)  # type: ignore[assignment]
    slot_seconds: float = 0.0
    predictions: list[Any] = dataclasses.field(default_factory=list)
    learning_curve: list[dict[str, int | float]] = dataclasses.field(default_factory=list)
    files: Files = dataclasses.field(default_factory=dict)
    traceback: str = ""
    is_lost: bool = False

    def record(self) -> RunRecord:
        """The part that goes into the journal."""
        fields = shared_fields(RunRecord, self)
        return RunRecord(**{**fields, "slices": [EpisodeSlice(**shared_fields(EpisodeSlice, s)) for s in self.slices]})


def shared_fields(record_type: type, record: Any) -> dict[str, Any]:
    """The fields of `record_type` as a subclass's object has them."""
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record_type)}


def result_of(unit: Unit, slot: str, started: float, told: Mapping[str, Any]) -> UnitResult:
    """The result of a unit that ends now, in this process unless `told` says otherwise.

    Args:
      unit: what was running.
      slot: where.
      started: when, in seconds since the epoch.
      told: the other fields of the result.
    """
    finished = time.time()
    here = {"pid": os.getpid(), "host": socket.gethostname(), "slot_seconds": finished - started}
    facts = {"trial": unit.trial, "run": unit.run, "seed": unit.seed, "slot": slot}
    return UnitResult(**{**here, **facts, "started": started, "finished": finished, **told})


def failed_result(unit: Unit, slot: str, started: float, error: str) -> UnitResult:
    """The result of a unit that did not end by itself; see `result_of`."""
    return result_of(unit, slot, started, {"error": error})
