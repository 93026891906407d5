"""The progress of a study: its numbers, and one line that shows them."""

from __future__ import annotations

import dataclasses
import time

from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.formats import format_clock, format_metric


@dataclasses.dataclass
class ProgressLine:
    """Where a study stands; the line in a terminal that shows it.

    Attributes:
      total: trials asked for.
      num_before: trials that were finished before this process started.
      num_finished: finished trials, those before included.
      best: the best trial so far.
      started: monotonic time of the start, in seconds.
    """

    total: int
    num_before: int = 0
    num_finished: int = 0
    best: TrialRecord | None = None
    started: float = dataclasses.field(default_factory=time.monotonic)

    @classmethod
    def of(cls, record: StudyRecord) -> ProgressLine:
        """The progress of a study that starts or is resumed now."""
        num_before = len(record.trials)
        return cls(record.max_iters, num_before, num_before, record.best_trial)

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
        """Draws a bar and the texts on one line, short enough for the "^C" that a terminal echoes behind it."""
        finished, best, clock = self.texts(time.monotonic() - self.started)
        width = max(20, options.max_width - 4)
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
        yield from console.render(line, options.update(width=width))
