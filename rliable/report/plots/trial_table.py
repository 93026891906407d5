"""The table of all trials in the report."""

from __future__ import annotations

import html
from typing import Any

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.formats import format_duration, format_metric, format_value, one_line
from rliable.report.terminal.lines import slot_names


def trial_table(record: StudyRecord) -> str:
    """All trials as an HTML table whose columns a click sorts.

    A cell's `data-v` holds the number that it is sorted by, where its text is not that number.
    """
    names = record.varied_names()
    heads = ["trial", record.metric_name, *names, "time", "slot", "result"]
    head = "".join(f"<th tabindex='0'>{html.escape(name)}</th>" for name in heads)
    rows = "".join(trial_row(trial, names, record.best) for trial in record.trials)
    return f"<table id='trials'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def trial_row(trial: TrialRecord, names: list[str], best: int | None) -> str:
    """One trial."""
    cells = [
        cell(str(trial.number), trial.number),
        cell(format_metric(trial.value) if trial.is_complete else "", trial.value if trial.is_complete else None),
        *(
            cell(format_value(trial.params[name]), trial.params[name]) if name in trial.params else cell("")
            for name in names
        ),
        cell(format_duration(trial.duration_seconds), round(trial.duration_seconds, 4)),
        cell(slot_names(trial.slots)),
        cell(result_text(trial, best)),
    ]
    look = "best" if trial.number == best else "" if trial.is_complete else "failed"
    return f"<tr class='{look}'>{''.join(cells)}</tr>"


def result_text(trial: TrialRecord, best: int | None) -> str:
    """The last cell: whether the trial is the best, or why it failed."""
    if not trial.is_complete:
        return one_line(trial.error or "no value was reported")
    return "best" if trial.number == best else ""


def cell(text: str, value: Any = None) -> str:
    """One cell; numbers are right-aligned and sorted by their full value."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"<td class='n' data-v='{value!r}'>{html.escape(text)}</td>"
    return f"<td>{html.escape(text)}</td>"
