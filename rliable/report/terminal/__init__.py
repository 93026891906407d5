"""What the user sees while a study runs."""

from __future__ import annotations

from rliable.report.terminal.ending import summary
from rliable.report.terminal.reporter import VERBOSITIES, Reporter

__all__ = ["VERBOSITIES", "Reporter", "summary"]
