"""The record of a study: what `results.json` holds, as plain data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rliable.config.search_space import SearchSpace, parse_search_space
from rliable.records.encoding import load_record_file
from rliable.records.folders import StudyFolder, trial_folder_name
from rliable.unit import RunRecord, TrialSpec

if TYPE_CHECKING:
    from rliable.config.study_file import MetricConfig


@dataclasses.dataclass(frozen=True)
class TrialRecord:
    """One sampled configuration and what came of it.

    Attributes:
      number: from 0, in the order of sampling.
      state: "COMPLETE", "FAIL", or "PRUNED" when a run was stopped and none failed.
      value: the metric, over the runs as the study has it; None when the trial failed or was pruned.
      params: the sampled hyperparameters.
      hp_params: all hyperparameters that the model got.
      metrics: every reported metric, mean over runs.
      error: one line, None unless the trial failed.
      started, finished: wall clock, seconds since the epoch.
      folder: relative to the study's folder, such as "trials/0003".
      runs: one per seed.
    """

    number: int
    state: str = "COMPLETE"
    value: float | None = None
    params: dict[str, Any] = dataclasses.field(default_factory=dict)
    hp_params: dict[str, Any] = dataclasses.field(default_factory=dict)
    metrics: dict[str, float | None] = dataclasses.field(default_factory=dict)
    error: str | None = None
    started: float = 0.0
    finished: float = 0.0
    folder: str = ""
    runs: list[RunRecord] = dataclasses.field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether it has a finite value and so takes part in the ranking."""
        return self.state == "COMPLETE" and self.value is not None and math.isfinite(self.value)

    @property
    def is_pruned(self) -> bool:
        """Whether the search stopped it."""
        return self.state == "PRUNED"

    @property
    def duration_seconds(self) -> float:
        """Wall time from its start to its end."""
        return max(0.0, self.finished - self.started)

    @property
    def slots(self) -> list[str]:
        """The slots that its runs were computed in, each once, in the order of runs."""
        return list(dict.fromkeys(run.slot for run in self.runs if run.slot))


@dataclasses.dataclass(frozen=True)
class StudyRecord:
    """A whole study.

    Attributes:
      optim_name: the study's name.
      mode: "serial", "level 1" or "level 2".
      seed: of the study.
      sampler: the sampler's name.
      metric_name, criteria, over_seeds: what is optimised, "max" or "min", and what counts of it over a trial's runs.
      max_iters, num_given: trials asked for, and how many of them the study file lists or the model file is.
      num_slots, threads_per_trial: slots, and cores of each.
      hosts: how many slots of the last search came from each machine; empty where they do not come from elsewhere.
      model, environment: the model's class, and what it learns from.
      learner: where the runs learn, in words ("CPU"); empty for models that do not say.
      search_space: the `grid` of the study file.
      status: "running", "finished" or "interrupted".
      stop_reason: one line, None while running.
      best: the best trial's number, None while there is none.
      slot_utilisation: share of the slots' time that was spent on trials while searches worked on the study, in
        [0, 1]; None when unknown.
      started, finished: wall clock, seconds since the epoch; `finished` is None while running.
      worked_seconds: how long searches worked on the study, without the pauses between them; None when unknown.
      trials: finished trials, in the order of their numbers.
    """

    optim_name: str
    mode: str = "serial"
    seed: int = 0
    sampler: str = "random"
    metric_name: str = "reward"
    criteria: str = "max"
    over_seeds: str = "mean"
    max_iters: int = 0
    num_given: int = 0
    num_slots: int = 1
    threads_per_trial: int = 1
    hosts: dict[str, int] = dataclasses.field(default_factory=dict)
    model: str = ""
    environment: str = ""
    learner: str = ""
    search_space: dict[str, Any] = dataclasses.field(default_factory=dict)
    status: str = "running"
    stop_reason: str | None = None
    best: int | None = None
    slot_utilisation: float | None = None
    started: float = 0.0
    finished: float | None = None
    worked_seconds: float | None = None
    trials: list[TrialRecord] = dataclasses.field(default_factory=list)

    @property
    def seconds(self) -> float | None:
        """How long the study took, pauses left out where they are known; None while it runs."""
        if self.finished is None:
            return None
        return self.finished - self.started if self.worked_seconds is None else self.worked_seconds

    @property
    def space(self) -> SearchSpace:
        """What `search_space` says, without what is no part of a search space; parsed at each call."""
        return parse_search_space(self.search_space)[0]

    def varied_names(self) -> list[str]:
        """The hyperparameters that vary, in the study's order; those of the trials if `search_space` names none."""
        return list(self.space.varied) or list(dict.fromkeys(name for trial in self.trials for name in trial.params))

    @property
    def best_trial(self) -> TrialRecord | None:
        """The trial that `best` names."""
        return next((trial for trial in self.trials if trial.number == self.best), None)

    def ranked(self) -> list[TrialRecord]:
        """The trials with a value, best first; equal values in the order of trial numbers."""
        sign = -1.0 if self.criteria == "max" else 1.0
        complete = [trial for trial in self.trials if trial.is_complete]
        return sorted(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number))

    def failed(self) -> list[TrialRecord]:
        """The trials that went wrong, in the order of their numbers."""
        return [trial for trial in self.trials if not trial.is_complete and not trial.is_pruned]

    def pruned(self) -> list[TrialRecord]:
        """The trials that the search stopped, in the order of their numbers."""
        return [trial for trial in self.trials if trial.is_pruned]


def load_record(path: str | Path) -> StudyRecord:
    """Reads a study's record.

    Args:
      path: a `results.json`, or the study folder that holds one.

    Returns:
      The record. Keys that this version does not know are left out.

    Raises:
      FileNotFoundError: there is no such file.
      ConfigError: the file is not JSON, not the record of a study, or of a later version.
    """
    file = StudyFolder(Path(path)).results_json if Path(path).is_dir() else Path(path)
    return load_record_file(file, StudyRecord, "the record of a study")


def make_trial_record(spec: TrialSpec, runs: Mapping[int, RunRecord], goal: MetricConfig) -> TrialRecord:
    """A trial whose runs are all in: each metric is the mean over runs; one failed run fails it, one stopped prunes it.

    Args:
      spec: the trial.
      runs: by index, all of them.
      goal: what is optimised, which may look at the runs otherwise.
    """
    ordered = [runs[index] for index in sorted(runs)]
    metrics = mean_metrics([run.metrics for run in ordered if run.metrics is not None])
    error = next((run.error for run in ordered if run.error is not None), None)
    is_pruned = error is None and any(run.is_stopped for run in ordered)
    if not is_pruned:
        error = error or metric_error(metrics, goal.name)
    has_value = error is None and not is_pruned
    return TrialRecord(
        number=spec.number,
        state="PRUNED" if is_pruned else "COMPLETE" if error is None else "FAIL",
        value=value_of(ordered, goal) if has_value else None,
        params=spec.params,
        hp_params=spec.model.hp_params,
        metrics=dict(metrics),
        error=error,
        started=min(run.started for run in ordered),
        finished=max(run.finished for run in ordered),
        folder=trial_folder_name(spec.number),
        runs=ordered,
    )


def value_of(runs: Sequence[RunRecord], goal: MetricConfig) -> float:
    """The value of a trial, of whose runs each has the metric."""
    from rliable.metrics import combine_seeds  # whoever only reads a record does without NumPy

    return combine_seeds(goal.over_seeds, [as_float((run.metrics or {})[goal.name]) for run in runs], goal.criteria)


def mean_metrics(runs: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """The mean of each metric over runs; a metric that some run lacks is left out."""
    import numpy as np  # whoever only reads a record does without

    names = [name for name in (runs[0] if runs else {}) if all(name in run for run in runs)]
    return {name: float(np.mean([as_float(run[name]) for run in runs])) for name in names}


def as_float(value: float | None) -> float:
    """A metric as a number: JSON's null stands for one that is not finite."""
    return math.nan if value is None else value


def metric_error(metrics: Mapping[str, float], name: str) -> str | None:
    """What is wrong with the metric that is optimised, or None."""
    if name not in metrics:
        known = ", ".join(sorted(metrics)) or "none"
        return f"the model reported no metric {name!r}; it reported: {known}"
    return None if math.isfinite(metrics[name]) else f"metric {name!r} is {metrics[name]}"
