"""What the user sees while a study runs."""

from __future__ import annotations

from rliable.report.terminal.ending import summary
from rliable.report.terminal.reporter import VERBOSITIES, Reporter
from rliable.report.terminal.warning_handler import TerminalWarnings

__all__ = ["VERBOSITIES", "Reporter", "TerminalWarnings", "summary"]
