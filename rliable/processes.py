"""Processes that are started beside this one: what they find on their way, and how they end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

#: Linux: the signal that a process gets when the thread that started it ends.
PR_SET_PDEATHSIG = 1


def import_path() -> str:
    """All that this process imports from, as the PYTHONPATH of another, which may have another working folder."""
    return os.pathsep.join(entry for entry in sys.path if entry)


def die_with(parent: int) -> None:
    """Has this process killed as soon as its parent is gone, however that died; Linux only.

    Args:
      parent: its process number; it may be gone already.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def signal_name(number: int) -> str:
    """The name of a signal; most of the real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
