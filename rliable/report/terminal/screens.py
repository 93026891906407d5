"""Where a study's lines go: a terminal with a live bar at the bottom, or a plain stream."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.terminal.bar import ProgressLine
from rliable.report.terminal.columns import TrialColumns, fit_columns
from rliable.report.terminal.lines import trial_line

TICK_SECONDS = 0.125
IDLE_TICKS = 4
PLAIN_WIDTH = 1000


class PlainScreen:
    """Writes complete lines without control characters, never wrapped, each at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._study = StudyRecord("")
        self._names: list[str] = []

    def begin(self, record: StudyRecord) -> None:
        """Starts the list of trials."""
        self._study, self._names = record, list(record.space.varied)

    def show(self, content: RenderableType) -> None:
        """Writes anything that rich can render."""
        console = Console(file=self._stream, width=PLAIN_WIDTH, color_system=None, force_terminal=False)
        with console.capture() as capture:
            console.print(content)
        self._write("\n".join(line.rstrip() for line in capture.get().splitlines()))

    def line(self, text: str, style: str = "") -> None:
        """Writes one line; the style is for terminals only."""
        self._write(text)

    def trial(self, trial: TrialRecord, is_best: bool) -> None:
        """Writes a finished trial."""
        self._write(trial_line(trial, self._study, self._names or list(trial.params), is_best))

    def update(self, num_finished: int, best: TrialRecord | None) -> None:
        """Does nothing: the trials' lines tell the progress."""

    def end(self) -> None:
        """Ends the list of trials."""

    def _write(self, text: str) -> None:
        printable = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        with contextlib.suppress(BrokenPipeError):  # nobody reads any more (`| head`); the search goes on
            self._stream.write(printable + "\n")
            self._stream.flush()


class LiveScreen:
    """Keeps a progress bar below the lines of a terminal.

    Lines wait for the next tick of a thread that draws at most eight times a second, so that a study of many short
    trials does not spend its time on drawing.
    """

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._redirects = stream is sys.stdout
        self._columns: TrialColumns | None = None
        self._progress = ProgressLine(0)
        self._live: Live | None = None
        self._pending: list[RenderableType] = []
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress bar", daemon=True)

    def begin(self, record: StudyRecord) -> None:
        """Prints the headings of the trials and starts the bar."""
        star = "*" if self._console.options.ascii_only else "★"
        self._columns = fit_columns(record, self._console.width, star)
        self._progress = ProgressLine.of(record)
        self._print_headings(self._columns)
        self._live = Live(
            self._progress,
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
        if self._columns is not None:
            self.show(self._columns.row(trial, is_best))

    def update(self, num_finished: int, best: TrialRecord | None) -> None:
        """Moves the bar."""
        self._progress.num_finished, self._progress.best = num_finished, best

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
