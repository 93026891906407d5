"""Tells the user how a study goes, from the header to the table of the best."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.formats import one_line
from rliable.report.terminal.ending import best_line, study_ending
from rliable.report.terminal.header import study_header
from rliable.report.terminal.lines import run_line
from rliable.report.terminal.screens import LiveScreen, PlainScreen
from rliable.unit import Report

VERBOSITIES = ("normal", "quiet", "verbose", "json")


class Reporter:
    """The study's voice; a context manager, so that the terminal is always left as it was.

    Every method returns at once: in a terminal, drawing happens on a thread of its own. The study and its trials are
    told by the driver's thread; reports, messages and warnings may come from any. With "json", all this goes to the
    standard error, and the standard output is left to the JSON object.
    """

    def __init__(self, verbosity: str = "normal", stream: TextIO | None = None, errors: TextIO | None = None) -> None:
        """Chooses where and how to write.

        Args:
          verbosity: one of `VERBOSITIES`.
          stream: where to write; standard output, or standard error with "json".
          errors: where warnings go when `stream` is not a terminal; standard error.
        """
        stream = stream or (sys.stderr if verbosity == "json" else sys.stdout)
        is_live = verbosity != "quiet" and is_terminal(stream)
        self._is_quiet = verbosity == "quiet"
        self._is_verbose = verbosity == "verbose"
        self._screen: LiveScreen | PlainScreen = (
            LiveScreen(stream) if is_live else PlainScreen(stream, verbosity == "verbose")
        )
        self._warnings = self._screen if is_live else PlainScreen(errors or sys.stderr)

    def study_started(self, record: StudyRecord, notes: Sequence[str] = ()) -> None:
        """Prints the header and starts the progress bar.

        Args:
          record: the study; when it is resumed, with the trials that are finished already.
          notes: lines that the user should know, such as that arrival order matters to this sampler.
        """
        if not self._is_quiet:
            self._screen.show(study_header(record, notes))
            self._screen.begin(record)

    def trial_finished(self, trial: TrialRecord, best: TrialRecord | None, num_finished: int) -> None:
        """Prints one trial and moves the bar.

        Args:
          trial: the trial.
          best: the best so far, this one included; None while there is none.
          num_finished: finished trials, those before a resume included.
        """
        if self._is_quiet:
            return
        self._screen.update(num_finished, best)
        self._screen.trial(trial, best is not None and best.number == trial.number)
        for run in trial.runs if self._is_verbose else ():
            self._screen.line(run_line(run), "dim" if run.error is None else "red")

    def run_reported(self, report: Report) -> None:
        """Shows what a slot is doing; cheap enough for a thousand reports a second.

        In a terminal the slot has a line below the bar. Elsewhere nothing is printed, but with "verbose" a line every
        ten seconds for each run.

        Args:
          report: the first of a run, which may have no figures, starts the run's clock.
        """
        if not self._is_quiet:
            self._screen.run_reported(report)

    def run_ended(self, slot: str) -> None:
        """Takes the line of a slot away that has nothing to do.

        Args:
          slot: its name, as in its reports.
        """
        if not self._is_quiet:
            self._screen.run_ended(slot)

    def study_finished(
        self, record: StudyRecord, folder: str | Path, is_drawing: bool = False, trusted: Sequence[str] = ()
    ) -> None:
        """Takes the bar away and prints the best trials, the stop reason and what to do next; see `study_ending`."""
        self._screen.end()
        if self._is_quiet:
            self._screen.line(best_line(record, Path(folder)))
        else:
            self._screen.show(study_ending(record, Path(folder), is_drawing, trusted))

    def message(self, text: str) -> None:
        """Prints a line, unless quiet."""
        if not self._is_quiet:
            self._screen.line(one_line(text))

    def warning(self, text: str) -> None:
        """Prints a warning, always."""
        self._warnings.line(f"warning: {one_line(text)}", "yellow")

    def error(self, text: str) -> None:
        """Prints an error, always."""
        self._warnings.line(f"error: {one_line(text)}", "red")

    def close(self) -> None:
        """Takes the bar away and gives the cursor back; may be called twice."""
        self._screen.end()

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_terminal(stream: TextIO) -> bool:
    """Tells whether a stream is a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
