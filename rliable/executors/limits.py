"""The words and the measure for runs that use more than they may."""

from __future__ import annotations

import psutil

from rliable.trial import Limits

#: How often a run with limits is looked at.
CHECK_SECONDS = 0.1


def exceeded(limits: Limits, elapsed_seconds: float, memory_bytes: int) -> str | None:
    """The error line of a run that exceeds a limit, or None."""
    if limits.timeout_seconds is not None and elapsed_seconds > limits.timeout_seconds:
        return f"exceeded trial_timeout_seconds {limits.timeout_seconds:g}"
    if limits.memory_mb is not None and memory_bytes > limits.memory_mb * 10**6:
        return f"exceeded max_trial_memory_mb {limits.memory_mb}"
    return None


def has_limits(limits: Limits) -> bool:
    """Tells whether there is anything to watch."""
    return limits.timeout_seconds is not None or limits.memory_mb is not None


def resident_bytes(process: psutil.Process) -> int:
    """Resident memory of a process and all below it; 0 when it is gone."""
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(own_resident_bytes(member) for member in tree)


def own_resident_bytes(process: psutil.Process) -> int:
    """Resident memory of one process; 0 when it is gone."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
