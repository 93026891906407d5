"""The latest checkpoint of each run of a study, kept while the run is not finished."""

from __future__ import annotations

import logging

import msgspec

from rliable.records.folders import StudyFolder
from rliable.records.writing import write_atomically
from rliable.unit import Files

logger = logging.getLogger(__name__)


class Checkpoint(msgspec.Struct, frozen=True):
    """What is on disk.

    Attributes:
      version: of the model that kept it.
      files: content by name.
    """

    version: str
    files: Files


class Checkpoints:
    """Files by name for each run, in its folder; only the driver writes them.

    Args:
      folder: the study's.
      version: of the model that trains; what another version left is no use to it.
    """

    def __init__(self, folder: StudyFolder, version: str) -> None:
        self._folder = folder
        self._version = version

    def keep(self, trial: int, run: int, files: Files) -> None:
        """Keeps a run's checkpoint instead of the one before; where there is no room, the run goes on without."""
        path = self._folder.run(trial, run).checkpoint
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, msgspec.msgpack.encode(Checkpoint(self._version, files)))
        except OSError as error:
            logger.warning("no checkpoint of trial %d run %d: %s", trial, run, error)

    def latest(self, trial: int, run: int) -> Files | None:
        """A run's checkpoint; None where there is none that can be read."""
        path = self._folder.run(trial, run).checkpoint
        try:
            found = msgspec.msgpack.decode(path.read_bytes(), type=Checkpoint)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
            logger.warning("trial %d run %d begins anew: %s: %s", trial, run, path, error)
            return None
        if found.version != self._version:
            words = "trial %d run %d begins anew: %s is of version %s of its model, which is version %s now"
            logger.warning(words, trial, run, path, found.version, self._version)
            return None
        return found.files
