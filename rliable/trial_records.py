"""Makes the records of runs and trials from what executors give back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from rliable.record import EpisodeSlice, RunRecord, TrialRecord
from rliable.study_folder import trial_folder_name
from rliable.trial import TrialSpec, UnitResult


def make_run_record(result: UnitResult) -> RunRecord:
    """The part of a result that goes into the journal: all but its files, curve and single returns."""
    slices = [EpisodeSlice(part.first, part.count, part.slot, part.pid) for part in result.slices]
    return RunRecord(
        run=result.run,
        seed=result.seed,
        metrics=dict(result.metrics) if result.metrics is not None else None,
        num_episodes=sum(part.count for part in slices),
        slot=result.slot,
        pid=result.pid,
        attempts=result.attempts,
        started=result.started,
        finished=result.finished,
        slices=slices,
        error=result.error,
    )


def make_trial_record(spec: TrialSpec, runs: Mapping[int, RunRecord], metric: str) -> TrialRecord:
    """A trial whose runs are all in: each metric is the mean over runs; one failed run fails it.

    Args:
      spec: the trial.
      runs: by index, all of them.
      metric: the name of the one that is optimised.
    """
    ordered = [runs[index] for index in sorted(runs)]
    metrics = mean_metrics([run.metrics for run in ordered if run.metrics is not None])
    error = next((run.error for run in ordered if run.error is not None), None) or metric_error(metrics, metric)
    return TrialRecord(
        number=spec.number,
        state="COMPLETE" if error is None else "FAIL",
        value=metrics[metric] if error is None else None,
        params=spec.params,
        hp_params=spec.model.hp_params,
        metrics=dict(metrics),
        error=error,
        started=min(run.started for run in ordered),
        finished=max(run.finished for run in ordered),
        folder=trial_folder_name(spec.number),
        runs=ordered,
    )


def mean_metrics(runs: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """The mean of each metric over runs; a metric that some run lacks is left out."""
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
