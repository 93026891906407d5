"""One plain line per trial and per run, complete in itself, for logs and for grep."""

from __future__ import annotations

from collections.abc import Sequence

from rliable.records.results import RunRecord, StudyRecord, TrialRecord
from rliable.report.facts import error_text, result_text, slot_names
from rliable.report.formats import format_duration, format_metric, format_params, one_line
from rliable.report.terminal.slot_lines import figure_text
from rliable.unit import Report


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
    has_failed = not (trial.is_complete or trial.is_pruned)
    parts = [f"trial {trial.number}", result_text(trial, study.metric_name)]
    parts.append(format_params({name: trial.params[name] for name in names if name in trial.params}))
    slots = slots_text(trial) if study.num_slots != 1 else ""
    parts += [format_duration(trial.duration_seconds), slots, "best" if is_best else ""]
    parts.append(error_text(trial) if has_failed else "")
    return "  ".join(part for part in parts if part)


def run_line(run: RunRecord) -> str:
    """One run of a trial, indented below its trial."""
    metrics = " ".join(f"{one_line(name)}={format_metric(value)}" for name, value in (run.metrics or {}).items())
    result = metrics if run.error is None else f"failed: {one_line(run.error)}"
    parts = [f"    run {run.run}", f"seed {run.seed}", result, f"slot {slot_names([run.slot])}", f"pid {run.pid}"]
    parts.append(format_duration(max(0.0, run.finished - run.started)))
    parts.append(f"attempt {run.attempts}" if run.attempts > 1 else "")
    return "  ".join(part for part in parts if part)


def report_line(report: Report) -> str:
    """How far a run is, indented as it comes before its trial's line."""
    parts = [f"    trial {report.trial} run {report.run}", f"step {report.step:,}", figure_text(report)]
    return "  ".join(part for part in [*parts, f"slot {slot_names([report.slot])}"] if part)


def slots_text(trial: TrialRecord) -> str:
    """Where a trial ran: "slot 1", "slots 0,1", or nothing when the record does not say."""
    return f"slot{'s' if len(trial.slots) > 1 else ''} {slot_names(trial.slots)}" if trial.slots else ""
