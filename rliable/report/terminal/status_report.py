"""How studies stand, seen from another terminal: `rliable status`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from rliable.records.encoding import as_json
from rliable.records.results import StudyRecord
from rliable.report.facts import counts_text, num_planned, result_text
from rliable.report.formats import format_duration, format_metric, one_line
from rliable.report.terminal.header import facts_table
from rliable.report.terminal.screens import PlainScreen

STYLES = {"running": "green", "finished": "", "interrupted": "yellow"}


@dataclasses.dataclass(frozen=True)
class FoundStudy:
    """A study as its folder shows it at one moment.

    Attributes:
      folder: where it was found.
      record: what its `results.json` says.
      is_alive: whether the process that searches is there; None when that cannot be told.
      now: the moment, in seconds since the epoch.
    """

    folder: Path
    record: StudyRecord
    is_alive: bool | None
    now: float

    @property
    def state(self) -> str:
        """The record's status; a study that was killed could not write down that it is interrupted."""
        is_gone = self.record.status == "running" and self.is_alive is False
        return "interrupted" if is_gone else self.record.status

    @property
    def last_result(self) -> float | None:
        """When the last trial ended, in seconds since the epoch."""
        return max((trial.finished for trial in self.record.trials), default=None)

    @property
    def seconds(self) -> float:
        """The study's time so far, or in all."""
        end = self.record.finished
        if end is None:
            end = self.now if self.state == "running" else self.last_result or self.record.started
        return max(0.0, end - self.record.started)

    @property
    def seconds_since_result(self) -> float | None:
        """The age of the last result."""
        return None if self.last_result is None else max(0.0, self.now - self.last_result)

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the trials' own durations, so that pauses do not count; None when nothing is to come."""
        trials = self.record.trials
        num_left = num_planned(self.record) - len(trials)
        if self.state != "running" or not trials or num_left <= 0:
            return None
        rounds = max(1.0, num_left / max(1, self.record.num_slots))
        return rounds * sum(trial.duration_seconds for trial in trials) / len(trials)


def status_report(studies: Sequence[FoundStudy]) -> RenderableType:
    """How one study stands, in lines; or several, in a table with a row each."""
    return study_status(studies[0]) if len(studies) == 1 else status_table(studies)


def study_status(study: FoundStudy) -> RenderableType:
    """One study: its name, and what there is to say."""
    record, best = study.record, study.record.best_trial
    facts = {
        "state": state_text(study),
        "trials": f"{len(record.trials)} of {num_planned(record)}: {counts_text(record)}",
        "best": f"trial {best.number}: {result_text(best, record.metric_name)}" if best else "none yet",
        "time": format_duration(study.seconds) + left_text(study),
        "last result": "none yet"
        if study.last_result is None
        else f"{duration_or_dash(study.seconds_since_result)} ago",
        "study": str(study.folder),
    }
    return Group(Text(one_line(record.optim_name), "bold"), facts_table(facts))


def state_text(study: FoundStudy) -> str:
    """The state with what is known of its reason."""
    if study.state == "running" and study.is_alive is None:
        return "running, as far as its record tells"
    is_killed = study.state != study.record.status
    reason = "its process is gone" if is_killed else study.record.stop_reason
    return f"{study.state}: {one_line(reason)}" if reason and reason != study.state else study.state


def left_text(study: FoundStudy) -> str:
    """The estimate as the end of a line, if there is one."""
    return "" if study.seconds_left is None else f", about {format_duration(study.seconds_left)} left"


def status_table(studies: Sequence[FoundStudy]) -> Table:
    """Several studies, a row each."""
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=False, header_style="dim")
    table.add_column("study", overflow="fold")
    table.add_column("state", no_wrap=True)
    for name in ("trials", "pruned", "failed", "best", "trial", "time", "left", "last result"):
        table.add_column(name, justify="right", no_wrap=True)
    for study in studies:
        table.add_row(*study_row(study))
    return table


def study_row(study: FoundStudy) -> list[Text]:
    """One study's row of the table."""
    record, best = study.record, study.record.best_trial
    cells = [
        f"{len(record.trials)}/{num_planned(record)}",
        str(len(record.pruned())),
        str(len(record.failed())),
        format_metric(best.value) if best else "-",
        str(best.number) if best else "-",
        format_duration(study.seconds),
        duration_or_dash(study.seconds_left),
        duration_or_dash(study.seconds_since_result),
    ]
    return [Text(str(study.folder)), Text(study.state, STYLES.get(study.state, "")), *map(Text, cells)]


def duration_or_dash(seconds: float | None) -> str:
    """A duration, or "-" when there is none."""
    return "-" if seconds is None else format_duration(seconds)


def write_status(studies: Sequence[FoundStudy], stream: TextIO | None = None) -> None:
    """Prints how studies stand: as wide as the terminal, or elsewhere in lines that are never wrapped.

    Args:
      studies: at least one.
      stream: where to print; standard output.
    """
    stream = stream or sys.stdout
    if stream.isatty():
        Console(file=stream, highlight=False, markup=False).print(status_report(studies))
    else:
        PlainScreen(stream).show(status_report(studies))


def status_as_json(study: FoundStudy) -> dict[str, Any]:
    """How a study stands, as JSON values."""
    record, best = study.record, study.record.best_trial
    json_facts: dict[str, Any] = as_json(
        {
            "study": record.optim_name,
            "folder": str(study.folder),
            "status": study.state,
            "stop_reason": record.stop_reason,
            "is_alive": study.is_alive,
            "metric": {"name": record.metric_name, "criteria": record.criteria, "over_seeds": record.over_seeds},
            "num_planned": num_planned(record),
            "num_trials": len(record.trials),
            "num_pruned": len(record.pruned()),
            "num_failed": len(record.failed()),
            "best": best and {"number": best.number, "value": best.value},
            "seconds": study.seconds,
            "seconds_left": study.seconds_left,
            "seconds_since_result": study.seconds_since_result,
        }
    )
    return json_facts
