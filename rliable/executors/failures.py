"""The results of units that were stopped from outside."""

from __future__ import annotations

import dataclasses
import os
import re
import time

from rliable.trial import Unit, UnitResult

#: The last line of a Python traceback.
RAISED = re.compile(r"[\w.]+(Error|Exception): ")


def failed_result(unit: Unit, slot: str, started: float, error: str) -> UnitResult:
    """The result of a unit that did not end by itself; `pid` is this process.

    Args:
      unit: what was running.
      slot: where.
      started: when, in seconds since the epoch.
      error: why it ended, one line.
    """
    finished = time.time()
    result = UnitResult(unit.trial, unit.run, unit.seed, slot, os.getpid(), started, finished, error=error)
    return dataclasses.replace(result, slot_seconds=finished - started)


def java_reason(text: str) -> str:
    """The line of a Py4J error that holds Java's own message, or the first line there is."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    messages = [line.removeprefix(": ") for line in lines if line.startswith(": ")]
    return (messages or lines or [""])[0]
