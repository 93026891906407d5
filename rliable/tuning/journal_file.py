"""Optuna's journal file as a search uses it: written by one process, whole after a crash at any byte."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Generator
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from rliable.records.writing import study_files_at

#: The keys of a line that a sampled value has, or a report: what a study that goes on would come to again.
REPEATABLE = {"param_name", "intermediate_value"}


class DriverFile(JournalFileBackend):
    """A journal file whose trouble with the disk is one line for the user."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file, without what a crash has left of a line.

        Args:
          path: the file; the caller holds the folder's lock.

        Raises:
          StudyFolderError: it cannot be read or written.
        """
        self._path = path
        with study_files_at(path):
            drop_torn_line(path)
            Path(f"{path}.lock").unlink(missing_ok=True)  # left by a killed search, Optuna would wait 30 s for it
            super().__init__(str(path))

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        with study_files_at(self._path):
            yield from super().read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Appends at once, so that a killed process loses nothing; waits for the disk only where results are told.

        What was only asked would be asked again alike, should the machine lose its power. No lock is taken, since
        nobody else appends.
        """
        lines = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        with study_files_at(self._path), self._path.open("ab") as file:
            file.write(lines)
            file.flush()
            if any(not REPEATABLE & log.keys() for log in logs):
                os.fsync(file.fileno())


class DriverStorage(JournalStorage):
    """A journal in which no trial ever waits to be taken up, so nobody has to look through all of them for one."""

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        is_search_for_waiting = states == (TrialState.WAITING,)
        return [] if is_search_for_waiting else super().get_all_trials(study_id, deepcopy, states)


def drop_torn_line(path: Path) -> None:
    """Cuts off a last line that has no end, or is no JSON: a crash came while it was written."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    last = whole.rstrip(b"\n").rpartition(b"\n")[2]
    if last and not is_json(last):
        whole = whole[: len(whole) - len(last) - 1]
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))


def is_json(line: bytes) -> bool:
    """Tells whether a line of the journal is whole."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
