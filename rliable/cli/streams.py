"""Keeps the start-up noise of TensorFlow, Spark and Gym out of the terminal: it goes to the study's log file."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def redirect_stderr(log: Path) -> Iterator[TextIO]:
    """Sends what this process and its children write to standard error into a file.

    Standard output is left alone, so a model's `print` and the debugger still reach the user.

    Args:
      log: the file, appended to.

    Yields:
      The terminal's standard error, for what the user has to see.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    previous = sys.stderr
    with log.open("a", encoding="utf-8") as file, os.fdopen(terminal, "w", buffering=1) as errors:
        os.dup2(file.fileno(), 2)
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
        try:
            yield errors
        finally:
            sys.stderr.flush()
            os.dup2(errors.fileno(), 2)
            sys.stderr = previous
