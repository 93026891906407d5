"""What stands at the bottom of a terminal while a study runs: how far it is, above what its slots are doing."""

from __future__ import annotations

import dataclasses
import time

from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.facts import num_planned
from rliable.report.formats import format_clock, format_metric
from rliable.report.terminal.slot_lines import WorkingSlots

PARTS_OF_WINDOW = 3  # the slots' lines take at most one of them


@dataclasses.dataclass
class LiveBlock:
    """Where a study stands, and how that looks.

    Attributes:
      total: trials that will run.
      num_before: trials that were finished before this process started.
      num_finished: finished trials, those before included.
      best: the best trial so far.
      slots: those that work.
      started: monotonic time of the start, in seconds.
    """

    total: int
    num_before: int = 0
    num_finished: int = 0
    best: TrialRecord | None = None
    slots: WorkingSlots = dataclasses.field(default_factory=WorkingSlots)
    started: float = dataclasses.field(default_factory=time.monotonic)

    @classmethod
    def of(cls, record: StudyRecord) -> LiveBlock:
        """The block of a study that starts or is resumed now."""
        num_before = len(record.trials)
        slots = WorkingSlots(has_runs=any(len(trial.runs) > 1 for trial in record.trials))
        return cls(num_planned(record), num_before, num_before, record.best_trial, slots)

    def seconds_left(self, elapsed: float) -> float | None:
        """Estimates the time to the last trial from the trials finished since the start.

        Args:
          elapsed: seconds since the start.
        """
        num_now = self.num_finished - self.num_before
        return elapsed / num_now * (self.total - self.num_finished) if num_now > 0 else None

    def texts(self, elapsed: float) -> tuple[str, str, str]:
        """The finished trials, the best of them, and the clock."""
        left = self.seconds_left(elapsed)
        best = f"best {format_metric(self.best.value)} (trial {self.best.number})" if self.best else "no result yet"
        clock = format_clock(elapsed) + (f", about {format_clock(left)} left" if left is not None else "")
        return f"{self.num_finished}/{self.total}", best, clock

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draws a line with the bar, and the slots' lines; leaves room for the "^C" that a terminal echoes."""
        narrow = options.update(width=max(20, options.max_width - 4))
        yield from console.render(self._bar_line(narrow.max_width), narrow)
        lines = self.slots.lines(options.size.height // PARTS_OF_WINDOW)
        if lines is not None:
            yield from console.render(lines, narrow)

    def _bar_line(self, width: int) -> Table:
        finished, best, clock = self.texts(time.monotonic() - self.started)
        bar_width = min(40, width - sum(len(text) + 2 for text in (finished, best, clock)))
        line = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(4):
            line.add_column(no_wrap=True, overflow="ellipsis")
        bar = ProgressBar(
            total=max(1, self.total),
            completed=self.num_finished,
            width=max(4, bar_width),
            complete_style="green",
            finished_style="green",
        )
        line.add_row(bar, Text(finished, "bold"), Text(best, "green" if self.best else "dim"), Text(clock, "dim"))
        return line
