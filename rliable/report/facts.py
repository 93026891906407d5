"""What a record says of a study and its trials, in the words that the terminal, the pictures and the page share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rliable.records.results import StudyRecord, TrialRecord
from rliable.registry import SAMPLERS
from rliable.report.formats import format_count, format_goal, format_metric, one_line

PREFERRED_FIGURE = "average_return"
MAX_HOSTS = 4


def last_value(trial: TrialRecord) -> float | None:
    """The value of a trial, or what a pruned one had reached; None for a failed one and without a finite value."""
    has_value = trial.is_complete or (trial.is_pruned and trial.value is not None and math.isfinite(trial.value))
    return trial.value if has_value else None


def result_text(trial: TrialRecord, metric_name: str) -> str:
    """What came of a trial: "reward 187.42", "pruned at reward 12.5", "pruned" or "failed"."""
    result = one_line(f"{metric_name} {format_metric(trial.value)}")
    if trial.is_pruned:
        return "pruned" if last_value(trial) is None else f"pruned at {result}"
    return result if trial.is_complete else "failed"


def error_text(trial: TrialRecord) -> str:
    """Why a trial failed, on one line."""
    return one_line(trial.error or "") or "no value was reported"


def counts_text(record: StudyRecord) -> str:
    """What came of the trials: "20 finished, 3 pruned, 2 failed"."""
    others = {"pruned": len(record.pruned()), "failed": len(record.failed())}
    return ", ".join([f"{len(record.ranked())} finished", *(f"{n} {word}" for word, n in others.items() if n)])


def num_planned(record: StudyRecord) -> int:
    """How many trials run unless the study converges: a grid ends when it is used up."""
    size = space_size(record)
    return record.max_iters if size is None else min(record.max_iters, record.num_given + size)


def planned_text(record: StudyRecord) -> str:
    """How many trials run, and who chooses them."""
    size, own = space_size(record), num_planned(record) - record.num_given
    parts = [f"{record.num_given} given"] * bool(record.num_given)
    parts += ["all configurations of the grid"] * (own == size)
    words = f" ({', '.join(parts)})" if parts else ""
    return f"{num_planned(record)}{words}, sampler {record.sampler}"


def space_size(record: StudyRecord) -> int | None:
    """How many configurations there are for a sampler that ends with them; None for any other.

    A sampler of the user's own is not imported for this: its record may be read where it is not installed.
    """
    if record.sampler not in SAMPLERS or not SAMPLERS.load(record.sampler).ends_with_space:
        return None
    return record.space.size


#: What counts over a trial's runs, where its name does not say so for both criteria.
OVER_SEEDS_WORDS = {"iqm": "interquartile mean", "min": "worst", "lower_quartile": "worse quartile"}


def goal_text(record: StudyRecord) -> str:
    """What is optimised: "maximise reward", or "maximise reward (median over seeds)"."""
    words = OVER_SEEDS_WORDS.get(record.over_seeds, record.over_seeds)
    over_seeds = "" if record.over_seeds == "mean" else f" ({words} over seeds)"
    return f"{format_goal(record.criteria)} {record.metric_name}{over_seeds}"


def model_text(record: StudyRecord) -> str:
    """What is trained, and in what: "CountModel on counts.jsonl"."""
    return " on ".join(part for part in (record.model, record.environment) if part)


def mode_text(record: StudyRecord) -> str:
    """What the study runs on: "serial, 1 slot of 1 core"; of a cluster's slots, those that came: "2 of 4 slots"."""
    cores = format_count(record.threads_per_trial, "core")
    if record.num_slots == 0:
        return f"{record.mode}, slots of {cores} as they come"
    slots = f"{format_count(record.num_slots, 'slot')} of {cores}"
    came = sum(record.hosts.values()) or len({run.slot for trial in record.trials for run in trial.runs})
    if record.mode == "serial" or came >= record.num_slots:
        return f"{record.mode}, {slots}"
    return f"{record.mode}, {came} of {slots}" if came else f"{record.mode}, up to {slots}"


def hosts_text(record: StudyRecord) -> str:
    """The machines that the slots or the runs were on, where there were several: "node1 (4 slots), node2 (2 slots)".

    Of many the first, and how many more.
    """
    hosts = sorted({one_line(run.host) for trial in record.trials for run in trial.runs if run.host})
    if record.hosts:
        hosts = [f"{one_line(host)} ({format_count(record.hosts[host], 'slot')})" for host in sorted(record.hosts)]
    more = f" and {len(hosts) - MAX_HOSTS} more" if len(hosts) > MAX_HOSTS else ""
    return ", ".join(hosts[:MAX_HOSTS]) + more if len(hosts) > 1 else ""


def slot_names(slots: Sequence[str]) -> str:
    """Slots without the word: "0,1" for "slot 0" and "slot 1"."""
    return ",".join(one_line(slot).removeprefix("slot ") for slot in slots)


def leading_figure(names: Iterable[str]) -> str:
    """The figure that stands for a run where there is room for one: the average return, or else the first reported."""
    known = list(names)
    return PREFERRED_FIGURE if PREFERRED_FIGURE in known or not known else known[0]


def figure_words(name: str) -> str:
    """A reported figure's name in words: "average return"."""
    return one_line(name.replace("_", " "))
