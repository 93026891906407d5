"""What each slot is doing: one line for each below the progress bar, from the reports of the runs."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rliable.report.facts import figure_words, leading_figure
from rliable.report.formats import format_clock, format_count, format_number, one_line
from rliable.unit import Report


@dataclasses.dataclass(frozen=True)
class Work:
    """A slot's latest report, and when the run began that it is about, in monotonic seconds."""

    report: Report
    started: float


class WorkingSlots:
    """The slots that work. Told from any thread; drawn from another."""

    def __init__(self, has_runs: bool = False) -> None:
        """Begins with no slot.

        Args:
          has_runs: whether trials are known to have several runs; the lines then tell which.
        """
        self._has_runs = has_runs
        self._work: dict[str, Work] = {}

    def run_reported(self, report: Report) -> None:
        """Takes what a slot says; its first report of a run starts that run's clock."""
        before = self._work.get(report.slot)
        is_same = before is not None and (before.report.trial, before.report.run) == (report.trial, report.run)
        started = before.started if before is not None and is_same else time.monotonic()
        self._work[report.slot] = Work(report, started)
        self._has_runs = self._has_runs or report.run > 0

    def run_ended(self, slot: str) -> None:
        """Takes a slot's line away."""
        self._work.pop(slot, None)

    def trial_ended(self, number: int) -> None:
        """Takes away what is left of a trial: the line of a slot that was lost, when another has done its work."""
        for slot, work in self._work.copy().items():
            if work.report.trial == number:
                self.run_ended(slot)

    def lines(self, max_lines: int) -> RenderableType | None:
        """The lines, in the order of the slots' names; None without any.

        Args:
          max_lines: how many there is room for; the last then tells how many more slots there are.
        """
        working = sorted(self._work.copy().items(), key=_by_number)
        if not working or max_lines < 1:
            return None
        shown = working if len(working) <= max_lines else working[: max_lines - 1]
        now = time.monotonic()
        lines = slot_table([self._cells(work, now) for _, work in shown])
        num_more = len(working) - len(shown)
        return Group(lines, Text(f"and {format_count(num_more, 'more slot')}", "dim")) if num_more else lines

    def _cells(self, work: Work, now: float) -> list[str]:
        report = work.report
        run = [f"run {report.run}"] if self._has_runs else []
        clock = format_clock(now - work.started)
        return [
            one_line(report.slot),
            f"trial {report.trial}",
            *run,
            f"step {report.step:,}",
            figure_text(report),
            clock,
        ]


def slot_table(rows: Sequence[Sequence[str]]) -> Table:
    """The slots' cells below each other, a line a slot whatever the width."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(Text(cell, "dim", no_wrap=True, overflow="ellipsis") for cell in row))
    return table


def figure_text(report: Report) -> str:
    """The one figure that there is room for: "average return 187.4"; empty when none was reported."""
    name = leading_figure(report.figures)
    return f"{figure_words(name)} {format_number(report.figures[name])}" if report.figures else ""


def _by_number(item: tuple[str, Work]) -> list[tuple[int, str]]:
    """Sorts "slot 10" behind "slot 2"."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", item[0])]
