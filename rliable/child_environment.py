"""What processes find in their environment: one that computes for a slot, and the user's programs that it starts."""

from __future__ import annotations

import os

PYTHON_PATH = "PYTHONPATH"
#: Under this name a computing process keeps the user's own `PYTHONPATH`, for it gets another.
USERS_PYTHON_PATH = "RLIABLE_USERS_PYTHONPATH"


def python_path_variables(path: str) -> dict[str, str]:
    """The environment of a process whose modules are found on `path`."""
    return {PYTHON_PATH: path, USERS_PYTHON_PATH: os.environ.get(PYTHON_PATH, "")}


def environment_for_programs() -> dict[str, str]:
    """The environment of a program of the user's: this one's, with the user's own `PYTHONPATH`.

    The packages on ours may not fit its Python. What it prints comes at once.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    users = environment.pop(USERS_PYTHON_PATH, None)
    if users is not None:
        del environment[PYTHON_PATH]
    return {**environment, PYTHON_PATH: users} if users else environment
