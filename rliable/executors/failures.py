"""The results of units that were stopped from outside."""

from __future__ import annotations

import os
import time

from rliable.trial import Unit, UnitResult


def failed_result(unit: Unit, slot: str, started: float, error: str) -> UnitResult:
    """The result of a unit that did not end by itself; `pid` is this process.

    Args:
      unit: what was running.
      slot: where.
      started: when, in seconds since the epoch.
      error: why it ended, one line.
    """
    return UnitResult(unit.trial, unit.run, unit.seed, slot, os.getpid(), started, time.time(), error=error)
