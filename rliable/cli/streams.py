"""Keeps the noise of TensorFlow, Spark, Gym and models out of the terminal: it goes to the study's log file."""

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
    with log.open("ab") as file, redirected("stderr", 2, file.fileno()) as terminal:
        yield terminal


@contextlib.contextmanager
def redirect_stdout() -> Iterator[TextIO]:
    """Sends what this process and its children write to standard output to where standard error goes.

    Yields:
      The true standard output, for the one thing that belongs there.
    """
    with redirected("stdout", 1, 2) as output:
        yield output


@contextlib.contextmanager
def redirected(name: str, number: int, target: int) -> Iterator[TextIO]:
    """Makes one of the standard streams write somewhere else, for children as well, who know its number alone.

    Args:
      name: of the stream in `sys`.
      number: its file descriptor.
      target: the file descriptor of where it is to write.

    Yields:
      Where it wrote before.
    """
    previous = getattr(sys, name)
    previous.flush()
    with os.fdopen(os.dup(number), "w", buffering=1, errors="backslashreplace") as before:
        os.dup2(target, number)
        setattr(sys, name, open(number, "w", buffering=1, closefd=False, errors="backslashreplace"))  # noqa: SIM115
        try:
            yield before
        finally:
            getattr(sys, name).flush()
            os.dup2(before.fileno(), number)
            setattr(sys, name, previous)
