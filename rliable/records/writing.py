"""How files are written: whole or not at all, with one line for the user where the disk refuses."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


class StudyFolderError(Exception):
    """A file of a study cannot be written or read any more; one line for the user. What was finished is kept."""


@contextlib.contextmanager
def study_files_at(path: Path) -> Iterator[None]:
    """Turns what the system says of a study's files, within the block, into one line that names the file.

    Args:
      path: the file or folder that the block is about, where the system does not name one.

    Raises:
      StudyFolderError: the disk is full, a permission is lost, ...
    """
    try:
        yield
    except OSError as error:
        reason = f"{error.filename or path}: {error.strerror or error}"
        raise StudyFolderError(f"{reason}; mend this, then resume the study") from error


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replaces a file so that a reader, or a crash, finds the old content or the new, never a part.

    Args:
      path: the file, which need not be there.
      content: bytes, or text that is written as UTF-8.

    Raises:
      OSError: it cannot be written; nothing has changed.
    """
    neighbour = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        neighbour.write_bytes(content.encode() if isinstance(content, str) else content)
        neighbour.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error  # the neighbour's name says little
    finally:
        with contextlib.suppress(OSError):
            neighbour.unlink()
