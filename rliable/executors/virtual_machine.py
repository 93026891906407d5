"""Ends Spark's virtual machine: one that runs, and one that is still starting."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator

import psutil

JVM_SECONDS = 3.0


@contextlib.contextmanager
def sessions_ended_on_error() -> Iterator[None]:
    """Kills the sessions that the block has started if it raises, be it an interrupt.

    `launch_gateway` gives the process away only when it has started, and a virtual machine whose start is left half way
    never ends by itself.
    """
    before = own_sessions()
    try:
        yield
    except BaseException:
        for leader in own_sessions() - before:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(leader.pid, signal.SIGKILL)
            leader.wait()
        raise


def own_sessions() -> set[psutil.Process]:
    """The processes that this one has started in sessions of their own."""
    found = set()
    for child in psutil.Process().children():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(child.pid) == child.pid:
                found.add(child)
    return found


def end_virtual_machine(process: subprocess.Popen[bytes]) -> None:
    """Ends Spark's virtual machine by closing its input, or by force, and what has stayed of its session."""
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(JVM_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
