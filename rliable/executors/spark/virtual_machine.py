"""Spark's virtual machine: a process in a session of its own that never outlives this one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from pyspark import SparkContext
from pyspark.java_gateway import launch_gateway

#: How long it may take to end by itself.
END_SECONDS = 3.0


def start_virtual_machine(java_home: Path, log_path: Path | None) -> None:
    """Starts Spark's virtual machine in a session of its own, out of reach of Ctrl-C, printing to the log."""
    with (
        open(log_path or os.devnull, "ab") as log,  # noqa: PTH123
        environment("JAVA_HOME", str(java_home)),
        sessions_ended_on_error(),
    ):
        streams: dict[str, Any] = {"stdout": log, "stderr": log, "start_new_session": True}
        SparkContext._ensure_initialized(gateway=launch_gateway(popen_kwargs=streams))


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


@contextlib.contextmanager
def environment(name: str, value: str) -> Iterator[None]:
    """Sets an environment variable for a while."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def end_virtual_machine(process: subprocess.Popen[bytes]) -> None:
    """Ends Spark's virtual machine by closing its input, or by force, and what has stayed of its session."""
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
