"""Processes that are started beside this one, and the user's programs: what they find, and how they end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator

#: Linux: the signal that a process gets when the thread that started it ends.
PR_SET_PDEATHSIG = 1
PYTHON_PATH = "PYTHONPATH"
#: Under this name a computing process keeps the user's own `PYTHONPATH`, for it gets another.
USERS_PYTHON_PATH = "RLIABLE_USERS_PYTHONPATH"


@contextlib.contextmanager
def same_folder() -> Iterator[None]:
    """Comes back to the working folder where code of the user's in the block goes elsewhere."""
    try:
        here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # it is gone, or not open to us
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.fchdir(here)
        os.close(here)


def import_path() -> str:
    """All that this process imports from, as the PYTHONPATH of another, which may have another working folder."""
    return os.pathsep.join(entry for entry in sys.path if entry)


def python_path_variables(path: str) -> dict[str, str]:
    """The environment of a process whose modules are found on `path`."""
    return {PYTHON_PATH: path, USERS_PYTHON_PATH: os.environ.get(PYTHON_PATH, "")}


def environment_for_python() -> dict[str, str]:
    """The environment of another Python of ours, which imports what this one does."""
    return {**os.environ, PYTHON_PATH: import_path()}


def environment_for_programs() -> dict[str, str]:
    """The environment of a program of the user's: this one's, with the user's own `PYTHONPATH`.

    The packages on ours may not fit its Python. What it prints comes at once.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    users = environment.pop(USERS_PYTHON_PATH, None)
    if users is not None:
        del environment[PYTHON_PATH]
    return {**environment, PYTHON_PATH: users} if users else environment


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
