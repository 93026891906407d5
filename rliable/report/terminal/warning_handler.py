"""Brings what the library warns of in its log to the terminal."""

from __future__ import annotations

import logging
import time

from rliable.report.terminal.reporter import Reporter

LIBRARY = "rliable"
SILENCE_SECONDS = 60.0


class TerminalWarnings(logging.Handler):
    """Shows the warnings of our own loggers, each text at most once a minute; from any thread.

    Where a logger has a handler, Python no longer writes its warnings to the standard error by itself.
    """

    def __init__(self, reporter: Reporter) -> None:
        """Shows them through a reporter, which has to be open as long as this handler is installed."""
        super().__init__(logging.WARNING)
        self._reporter = reporter
        self._shown: dict[str, float] = {}  # text -> when, in monotonic seconds

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] != LIBRARY:
            return
        try:
            self._show(record.getMessage())
        except Exception:
            self.handleError(record)  # as every handler of the standard library: a warning stops nothing

    def _show(self, text: str) -> None:
        now = time.monotonic()
        self._shown = {text: when for text, when in self._shown.items() if now - when < SILENCE_SECONDS}
        if text not in self._shown:
            self._shown[text] = now
            self._reporter.warning(text)
