"""Waits for something to become true."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Waits until a condition holds; fails after a time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def read_numbers(path: Path) -> list[int]:
    """Waits for a file of whole numbers and reads it."""
    wait_until(lambda: path.exists() and path.read_text().strip())
    return [int(word) for word in path.read_text().split()]
