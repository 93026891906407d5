"""A slot as the driver sees it."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from multiprocessing.connection import Connection

from rliable.executors.failures import failed_result
from rliable.executors.lease import Failure, Key, Lease
from rliable.executors.wire import Fields, Kind, pack, pack_files, unit_fields
from rliable.trial import UnitResult


@dataclasses.dataclass
class Slot:
    """A connected slot.

    Attributes:
      name: "slot 0", ...
      channel: to its supervisor.
      seen: when it was last heard of, monotonic seconds.
      is_free: whether it waits for work.
      started: when its lease began, in seconds since the epoch.
      loaded: the run whose trained model its process has loaded, unless it has died since without a word.
    """

    name: str
    channel: Connection
    seen: float
    is_free: bool = True
    started: float = 0.0
    loaded: Key | None = None

    def send(self, frame: bytes) -> None:
        """Sends; a broken channel shows when it is next read."""
        with contextlib.suppress(OSError):
            self.channel.send_bytes(frame)

    def give(self, lease: Lease, files: dict[str, bytes]) -> None:
        """Has the slot work.

        Args:
          lease: on what.
          files: the trained model whose episodes are to be played; sent only if the slot has not loaded it already.
        """
        self.is_free, self.started = False, time.time()
        fields: Fields = {"unit": unit_fields(lease.unit)}
        if lease.episodes is None:
            self.loaded = None
            self.send(pack(Kind.RUN, fields))
            return
        is_loaded, self.loaded = self.loaded == lease.key, lease.key
        fields |= {"episodes": bounds(lease.episodes), "is_loaded": is_loaded}
        self.send(pack_files(Kind.PLAY, fields, {} if is_loaded else files))

    def answer(self, episodes: range | None) -> None:
        """Tells a slot that evaluates its run which slice to play next, or that none is left."""
        self.send(pack(Kind.NEXT, {"episodes": None if episodes is None else bounds(episodes)}))

    def failure_result(self, failure: Failure, told: Fields) -> UnitResult:
        """The result of a unit that is given up, with what the slot told of its last attempt."""
        error = failure.error + (f", {failure.attempts} times" if failure.attempts > 1 else "")
        result = failed_result(failure.unit, self.name, self.started, error)
        known = {name: told[name] for name in ("pid", "traceback") if name in told}
        return dataclasses.replace(result, attempts=failure.attempts, **known)


def bounds(episodes: range) -> list[int]:
    """A range of episodes as JSON: first and one past the last."""
    return [episodes.start, episodes.stop]
