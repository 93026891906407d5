"""The lock of a study's folder: one search at a time writes there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO

from rliable.schema import ConfigError

try:
    import fcntl
except ModuleNotFoundError as error:
    raise ConfigError(["RLiable runs on Linux and macOS; on Windows it runs in WSL (wsl --install)"]) from error


class FolderLock:
    """Locks a folder by a file in it, for as long as this process lives or until it is released.

    Attributes:
      file: what is locked; it holds the number of the process that did so last.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / ".lock"
        self._folder = folder
        self._held: IO[bytes] | None = None

    def take(self) -> None:
        """Keeps other searches out until this process ends, however it ends.

        Raises:
          ConfigError: another process is writing here, or nobody may.
        """
        try:
            self._held = self.file.open("ab+", buffering=0)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = self.file.read_text().strip()
            raise ConfigError([f"{self._folder}: a search (process {owner}) is writing to this folder"]) from error
        except OSError as error:
            raise ConfigError([f"{self._folder}: cannot be written to: {error.strerror}"]) from error
        with contextlib.suppress(OSError):  # where the disk is full, others are not told who holds the lock
            self._held.truncate(0)
            self._held.write(str(os.getpid()).encode())

    def is_taken(self) -> bool | None:
        """Whether a search is writing here; None where that cannot be told, such as in a folder of another's."""
        try:
            with self.file.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        except OSError:
            return None
        return False

    def release(self) -> None:
        """Lets others in before this process ends."""
        if self._held is not None:
            self._held.close()
