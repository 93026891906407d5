"""Sees what reading a file does besides: what is written outside its folder, what of it is run, how long it takes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Seconds of processor time after which an input counts as one that hangs.
MOST_SECONDS = 20
#: Python's words for what changes a file system -> how many of the arguments are paths.
ALONE, IN_PAIRS = ("os.remove", "os.mkdir", "os.rmdir", "os.truncate"), ("os.rename", "os.symlink", "os.link")
CHANGES = {**dict.fromkeys(ALONE, 1), **dict.fromkeys(IN_PAIRS, 2)}
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile", "webbrowser.open")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Folders that whoever reads may use: what is for temporary files, and nothing.
ALLOWED = ("/dev/null", "/dev/tty", "/proc/self")


class Watch:
    """Listens to Python's own audit events while an input is read.

    Attributes:
      seen: what must not happen, one line each.
    """

    def __init__(self) -> None:
        """Begins to listen; Python has no way to end it."""
        self.seen: list[str] = []
        self._folders: tuple[str, ...] | None = None
        self._source = ""
        sys.addaudithook(self._hear)

    @contextlib.contextmanager
    def over(self, folder: Path, scratch: Path) -> Iterator[None]:
        """While an input in a folder is read.

        Args:
          folder: may be written to, and nothing in it may be run.
          scratch: the folder for temporary files.

        Raises:
          TimeoutError: it takes too long.
        """
        self.seen = []
        self._folders, self._source = (str(folder.resolve()), str(scratch.resolve())), str(folder.resolve())
        before = signal.signal(signal.SIGVTALRM, too_long)
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
            self._folders = None

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._folders is None:
            return
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
            self._look(event, arguments[:1])
        elif event in CHANGES:
            self._look(event, arguments[: CHANGES[event]])
        elif event in STARTS:
            self.seen.append(f"{event} {arguments[0]!r:.100}")
        elif event == "exec" and getattr(arguments[0], "co_filename", "").startswith(self._source):
            self.seen.append(f"ran {arguments[0].co_filename}")

    def _look(self, event: str, paths: tuple[Any, ...]) -> None:
        for path in (os.fsdecode(path) for path in paths if isinstance(path, str | bytes | os.PathLike)):
            place = os.path.realpath(path)
            if not place.startswith((*(self._folders or ()), *ALLOWED)) and "__pycache__" not in place:
                self.seen.append(f"{event} {place}")


def too_long(number: int, frame: Any) -> None:
    """Ends an input that hangs."""
    raise TimeoutError(f"it took more than {MOST_SECONDS} s")
