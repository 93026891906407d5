"""What the user sees while a study runs."""

from rliable.terminal.reporter import VERBOSITIES, Reporter
from rliable.terminal.summary import summary

__all__ = ["VERBOSITIES", "Reporter", "summary"]
