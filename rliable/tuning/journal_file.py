"""Optuna's journal file as a search uses it: written by one process, whole after a crash at any byte."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Container, Generator
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from rliable.records.views import PAUSE_FACTOR
from rliable.records.writing import study_files_at

#: The keys of a line that tells of a new trial, a sampled value or a report: a study that goes on comes to them again.
REPEATABLE = {"datetime_start", "param_name", "intermediate_value"}
#: The keys of a line that tells when a search has begun or ended.
SESSION = {"study_id", "user_attr"}


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
        self._is_read = False
        self._appended: list[bytes] = []  # since it was read
        self._owes_sync = False
        self._rest_until = 0.0
        with study_files_at(path):
            drop_torn_line(path)
            Path(f"{path}.lock").unlink(missing_ok=True)  # left by a killed search, Optuna would wait 30 s for it
            super().__init__(str(path))

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        """Reads the file once, and then only what has been appended since, which is known: nobody else writes."""
        if self._is_read:
            lines, self._appended = self._appended, []
            yield from map(json.loads, lines)
            return
        self._is_read = True
        with study_files_at(self._path):
            yield from super().read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Appends at once, so that a killed process loses nothing; no lock is taken, since nobody else appends.

        Should the machine lose its power, what has not come to the disk is run again, to the same result. So it waits
        for the disk only where results are told, and for no more than a twentieth of the time.
        """
        lines = [json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs]
        with study_files_at(self._path), self._path.open("ab") as file:
            file.writelines(lines)
            file.flush()
            self._owes_sync |= any(not REPEATABLE & log.keys() for log in logs)
            if any(log.keys() >= SESSION for log in logs) or (self._owes_sync and time.monotonic() >= self._rest_until):
                self._sync(file.fileno())
        self._appended += lines

    def _sync(self, descriptor: int) -> None:
        """Waits until the disk has everything, and rests for a time that follows from how long that took."""
        started = time.monotonic()
        os.fsync(descriptor)
        finished = time.monotonic()
        self._owes_sync, self._rest_until = False, finished + PAUSE_FACTOR * (finished - started)


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
