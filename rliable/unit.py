"""The plain data that crosses between the driver and its workers: what to run, and what came of it."""

from __future__ import annotations

import dataclasses
import os
import time
from typing import Any


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """A model file: which model, trained on what, with which hyperparameters.

    Attributes:
      class_name: a registered name, or "package.module:Class".
      environment: an environment's name, or the path of a JSON-lines or CSV file.
      mdl_file: the folder that the model saves to and loads from.
      hp_params: hyperparameters by name, JSON values.
      data: "environment" (an in-memory object: environment or rows), or "rdd" (rows as a Spark RDD).
    """

    class_name: str
    environment: str
    mdl_file: str
    hp_params: dict[str, Any]
    data: str = "environment"

    def as_cfg(self, seed: int, folder: str | None = None, threads: int = 1) -> dict[str, Any]:
        """The dict that a model's constructor gets; `folder` replaces `mdl_file`."""
        return {
            "class": self.class_name,
            "environment": self.environment,
            "mdl_file": folder or self.mdl_file,
            "hp_params": dict(self.hp_params),
            "data": self.data,
            "seed": seed,
            "threads": threads,
        }


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
class Unit:
    """The smallest piece of work that is handed out: one run of a trial.

    Attributes:
      trial, run: the trial's number and the run's index in it.
      model: what to train.
      seed: of the run.
      limits: what it may use.
    """

    trial: int
    run: int
    model: ModelConfig
    seed: int
    limits: Limits


@dataclasses.dataclass(frozen=True)
class SliceRecord:
    """Which process played a slice of a run's test episodes.

    Attributes:
      first, count: the episode numbers first ... first + count - 1.
      slot: the slot it ran in ("driver" in serial mode).
      pid: the process that computed.
      returns: the return of each episode.
    """

    first: int
    count: int
    slot: str
    pid: int
    returns: list[float]


@dataclasses.dataclass(frozen=True)
class UnitResult:
    """What came of a unit. Exactly one of `metrics` and `error` is set.

    Attributes:
      trial, run, seed: as in the unit.
      slot, pid: where it was computed last.
      started, finished: wall clock, seconds since the epoch.
      slot_seconds: slot time that it took, in all slots together.
      attempts: how often it was started, at least 1.
      metrics: what the model reported, by name.
      predictions: what `evaluate` gave; the episodes' returns for an agent.
      slices: who played which episodes; empty for models without episodes.
      learning_curve: rows as `BaseModel.report` collected them.
      files: what the model saved: relative path -> content.
      error: one line, "ValueError: ..." or what limit was exceeded.
      traceback: the full text, for the trial's folder.
    """

    trial: int
    run: int
    seed: int
    slot: str
    pid: int
    started: float
    finished: float
    slot_seconds: float = 0.0
    attempts: int = 1
    metrics: dict[str, float] | None = None
    predictions: list[Any] = dataclasses.field(default_factory=list)
    slices: list[SliceRecord] = dataclasses.field(default_factory=list)
    learning_curve: list[dict[str, float]] = dataclasses.field(default_factory=list)
    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    error: str | None = None
    traceback: str = ""


def exceeded(limits: Limits, elapsed_seconds: float, memory_bytes: int) -> str | None:
    """The error line of a run that exceeds a limit, or None."""
    if limits.timeout_seconds is not None and elapsed_seconds > limits.timeout_seconds:
        return f"exceeded trial_timeout_seconds {limits.timeout_seconds:g}"
    if limits.memory_mb is not None and memory_bytes > limits.memory_mb * 10**6:
        return f"exceeded max_trial_memory_mb {limits.memory_mb}"
    return None


def has_limits(limits: Limits) -> bool:
    """Tells whether there is anything to watch."""
    return limits.timeout_seconds is not None or limits.memory_mb is not None


def failed_result(unit: Unit, slot: str, started: float, error: str) -> UnitResult:
    """The result of a unit that did not end by itself; `pid` is this process.

    Args:
      unit: what was running.
      slot: where.
      started: when, in seconds since the epoch.
      error: why it ended, one line.
    """
    finished = time.time()
    result = UnitResult(unit.trial, unit.run, unit.seed, slot, os.getpid(), started, finished, error=error)
    return dataclasses.replace(result, slot_seconds=finished - started)
