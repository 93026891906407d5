"""The checkpoint that a script leaves in its folder, and when it is kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from rliable.folder_files import read_files

logger = logging.getLogger(__name__)

#: How often it is looked at. One that has not changed between two looks is taken to be complete.
WATCH_SECONDS = 0.5
#: Path, size and time of each file.
State = list[tuple[str, int, int]]


class CheckpointFolder:
    """The folder `checkpoint` in that of a run; what is in it is kept each time after it has changed."""

    NAME = "checkpoint"

    def __init__(self, folder: Path, max_bytes: float, keep: Callable[[dict[str, bytes]], None]) -> None:
        """Looks at nothing yet.

        Args:
          folder: of the run.
          max_bytes: of a checkpoint; 0 keeps none.
          keep: called with the files of each.
        """
        self._folder = folder / self.NAME
        self._max_bytes = max_bytes
        self._keep = keep
        self._seen = self._kept = state_of(self._folder)
        self._next_look = 0.0

    def look(self) -> None:
        """Keeps the checkpoint if it is new and complete."""
        now = time.monotonic()
        if not self._max_bytes or now < self._next_look:
            return
        self._next_look = now + WATCH_SECONDS
        before, self._seen = self._seen, state_of(self._folder)
        if self._seen == before:
            self.keep_now()

    def keep_now(self) -> None:
        """Keeps it if it is new, and not written to in the meantime."""
        state = state_of(self._folder)
        if not self._max_bytes or not state or state == self._kept:
            return
        size = sum(size for _, size, _ in state)
        if size > self._max_bytes:
            logger.warning("a checkpoint of %.0f MB is not kept; max_saved_mb says how large it may be", size / 10**6)
            self._kept = state
            return
        try:
            files = read_files(self._folder)
        except OSError:  # one is just being replaced
            return
        if state_of(self._folder) == state:
            self._kept = state
            self._keep(files)


def state_of(folder: Path) -> State:
    """By what one sees that a folder has changed; empty where there is no such folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            facts = path.stat()
        except OSError:  # just removed
            continue
        if path.is_file():
            found.append((str(path), facts.st_size, facts.st_mtime_ns))
    return found


def folder_bytes(folder: Path) -> int:
    """How large the files below a folder are."""
    return sum(size for _, size, _ in state_of(folder))
