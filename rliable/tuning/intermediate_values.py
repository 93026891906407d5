"""What the journal keeps of the reports of runs, as Optuna's intermediate values."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from rliable.tuning.journal import Journal
from rliable.unit import Report, UnitResult

#: How many reports the journal takes, of all runs together; the last of each run comes on top.
REPORTS_PER_SECOND = 20


class ReportKeeper:
    """Writes reports of the first run of each trial into the journal, of which Optuna takes one curve a trial."""

    def __init__(self, journal: Journal, metric_name: str) -> None:
        """Keeps what it needs.

        Args:
          journal: where they go.
          metric_name: the figure that is kept, where a report has it.
        """
        self._journal = journal
        self._metric_name = metric_name
        self._next = 0.0

    def is_due(self, report: Report) -> bool:
        """Whether the journal takes this report."""
        return report.run == 0 and time.monotonic() >= self._next

    def keep(self, report: Report) -> None:
        """Writes a report down."""
        self._next = time.monotonic() + 1 / REPORTS_PER_SECOND
        self._journal.add_report(report, self._shown_figure(report.figures))

    def keep_last(self, result: UnitResult) -> None:
        """Writes down the last report of a run that has ended, whichever of its reports was taken before."""
        if result.run == 0 and result.learning_curve:
            last = dict(result.learning_curve[-1])
            report = Report(result.trial, result.run, result.slot, int(last.pop("step")), last)
            self._journal.add_report(report, self._shown_figure(last))

    def _shown_figure(self, figures: Mapping[str, float]) -> float:
        """The figure that is kept of a report: the metric, else the average return, else the first."""
        names = [name for name in (self._metric_name, "average_return") if name in figures]
        return float(figures[(names or list(figures))[0]]) if figures else math.nan
