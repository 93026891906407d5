"""One plain line per trial and per run, complete in itself, for logs and for grep."""

from __future__ import annotations

from collections.abc import Sequence

from rliable.records.results import RunRecord, StudyRecord, TrialRecord
from rliable.report.formats import format_duration, format_metric, format_params, one_line


def trial_line(trial: TrialRecord, study: StudyRecord, names: Sequence[str], is_best: bool) -> str:
    """A finished trial in one line.

    Args:
      trial: the trial.
      study: its study; the slot is told only where there are several.
      names: the hyperparameters to show.
      is_best: whether no trial so far is better.

    Returns:
      Such as "trial 3  reward 187.42  batch_size=64  4.2 s  slot 1  best".
    """
    result = f"{study.metric_name} {format_metric(trial.value)}" if trial.is_complete else "failed"
    parts = [f"trial {trial.number}", result]
    parts.append(format_params({name: trial.params[name] for name in names if name in trial.params}))
    slots = slots_text(trial) if study.num_slots > 1 else ""
    parts += [format_duration(trial.duration_seconds), slots, "best" if is_best else ""]
    parts.append("" if trial.is_complete else error_text(trial))
    return "  ".join(part for part in parts if part)


def run_line(run: RunRecord) -> str:
    """One run of a trial, indented below its trial."""
    metrics = " ".join(f"{name}={format_metric(value)}" for name, value in (run.metrics or {}).items())
    result = metrics if run.error is None else f"failed: {one_line(run.error)}"
    parts = [f"    run {run.run}", f"seed {run.seed}", result, f"slot {slot_names([run.slot])}", f"pid {run.pid}"]
    parts.append(format_duration(max(0.0, run.finished - run.started)))
    parts.append(f"attempt {run.attempts}" if run.attempts > 1 else "")
    return "  ".join(part for part in parts if part)


def error_text(trial: TrialRecord) -> str:
    """Why a trial failed, on one line."""
    return one_line(trial.error or "") or "no value was reported"


def slots_text(trial: TrialRecord) -> str:
    """Where a trial ran: "slot 1", "slots 0,1", or nothing when the record does not say."""
    return f"slot{'s' if len(trial.slots) > 1 else ''} {slot_names(trial.slots)}" if trial.slots else ""


def slot_names(slots: Sequence[str]) -> str:
    """Slots without the word: "0,1" for "slot 0" and "slot 1"."""
    return ",".join(one_line(slot).removeprefix("slot ") for slot in slots)
