"""Where a study's lines go: a terminal with a live bar at the bottom, or a plain stream."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.terminal.columns import TrialColumns, fit_columns
from rliable.report.terminal.lines import report_line, trial_line
from rliable.report.terminal.live_block import LiveBlock
from rliable.unit import Report

TICK_SECONDS = 0.125
IDLE_TICKS = 4
PLAIN_WIDTH = 1000
REPORT_SECONDS = 10.0


class PlainScreen:
    """Writes complete lines without control characters, never wrapped, each at once."""

    def __init__(self, stream: TextIO, tells_reports: bool = False) -> None:
        """Writes to a stream.

        Args:
          stream: what is no terminal, such as a file.
          tells_reports: whether a run that goes on is told, with a line every ten seconds.
        """
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._tells_reports = tells_reports
        self._told: dict[tuple[int, int], float] = {}  # (trial, run) -> when it was told last, monotonic seconds
        self._study = StudyRecord("")
        self._names: list[str] = []
        self._lock = threading.Lock()

    def begin(self, record: StudyRecord) -> None:
        """Starts the list of trials."""
        self._study, self._names = record, list(record.space.varied)

    def show(self, content: RenderableType) -> None:
        """Writes anything that rich can render."""
        console = Console(file=self._stream, width=PLAIN_WIDTH, color_system=None, force_terminal=False, markup=False)
        with console.capture() as capture:
            console.print(content)
        self._write("\n".join(line.rstrip() for line in capture.get().splitlines()))

    def line(self, text: str, style: str = "") -> None:
        """Writes one line; the style is for terminals only."""
        self._write(text)

    def trial(self, trial: TrialRecord, is_best: bool) -> None:
        """Writes a finished trial."""
        self._write(trial_line(trial, self._study, self._names or list(trial.params), is_best))
        for key in list(self._told):
            if key[0] == trial.number:
                del self._told[key]

    def update(self, num_finished: int, best: TrialRecord | None) -> None:
        """Does nothing: the trials' lines tell the progress."""

    def run_reported(self, report: Report) -> None:
        """Writes how far a run is, if that is asked for and ten seconds have passed."""
        if not self._tells_reports:
            return
        now, key = time.monotonic(), (report.trial, report.run)
        if now - self._told.setdefault(key, now) >= REPORT_SECONDS:
            self._told[key] = now
            self._write(report_line(report))

    def run_ended(self, slot: str) -> None:
        """Does nothing: a run's own line tells its end."""

    def end(self) -> None:
        """Ends the list of trials."""

    def _write(self, text: str) -> None:
        printable = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        # Nobody may read any more (`| head`); the search goes on.
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._stream.write(printable + "\n")
            self._stream.flush()


class LiveScreen:
    """Keeps a block with a progress bar below the lines of a terminal.

    Lines wait for the next tick of a thread that draws at most eight times a second, so that a study of many short
    trials does not spend its time on drawing.
    """

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._redirects = stream is sys.stdout
        self._columns: TrialColumns | None = None
        self._block = LiveBlock(0)
        self._live: Live | None = None
        self._pending: list[RenderableType] = []
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress bar", daemon=True)

    def begin(self, record: StudyRecord) -> None:
        """Prints the headings of the trials and starts the bar."""
        star = "*" if self._console.options.ascii_only else "★"
        self._columns = fit_columns(record, self._console.width, star)
        self._block = LiveBlock.of(record)
        self._print_headings(self._columns)
        self._live = Live(
            self._block,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=self._redirects,
            redirect_stderr=self._redirects and sys.stderr.isatty(),
        )
        self._live.start(refresh=True)
        self._ticker.start()

    def show(self, content: RenderableType) -> None:
        """Prints anything that rich can render, above the bar."""
        with self._lock:
            self._pending.append(content)
        if self._live is None:
            self._flush()

    def line(self, text: str, style: str = "") -> None:
        """Prints one line in a style, above the bar."""
        self.show(Text(text, style=style, overflow="fold"))

    def trial(self, trial: TrialRecord, is_best: bool) -> None:
        """Prints a finished trial, above the bar."""
        self._block.slots.trial_ended(trial.number)
        if self._columns is not None:
            self.show(self._columns.row(trial, is_best))

    def update(self, num_finished: int, best: TrialRecord | None) -> None:
        """Moves the bar."""
        self._block.num_finished, self._block.best = num_finished, best

    def run_reported(self, report: Report) -> None:
        """Shows how far a run is, at the next tick."""
        self._block.slots.run_reported(report)

    def run_ended(self, slot: str) -> None:
        """Takes a slot's line away, at the next tick."""
        self._block.slots.run_ended(slot)

    def end(self) -> None:
        """Prints what still waits, takes the bar away and gives the cursor back; may be called twice."""
        self._is_over.set()
        live, self._live = self._live, None
        if live is None:
            return
        try:
            self._ticker.join()
            self._flush()
        finally:
            live.stop()

    def _print_headings(self, columns: TrialColumns) -> None:
        if columns.hidden:
            names = ", ".join(columns.hidden)
            self._console.print(Text(f"No room in this window for {names}; see results.json.\n", style="dim"))
        self._console.print(Group(*columns.headings()))

    def _tick(self) -> None:
        ticks = 0
        while not self._is_over.wait(TICK_SECONDS):
            ticks += 1
            if self._flush() or ticks % IDLE_TICKS == 0:
                self._refresh()

    def _flush(self) -> bool:
        with self._lock:
            pending, self._pending = self._pending, []
        if pending:
            self._console.print(Group(*pending))
        return bool(pending)

    def _refresh(self) -> None:
        live = self._live
        if live is not None:
            live.refresh()
