"""A slot that is connected, seen from the driver."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import time
from multiprocessing.connection import Connection
from typing import Any, Protocol

from rliable.executors.slots.channel import socket_of
from rliable.executors.slots.frames import FRAME_BYTES, Pieces, send
from rliable.executors.slots.leases import Failure, Lease, ModelKey
from rliable.executors.slots.messages import (
    Ask,
    Assist,
    Assisted,
    Delegate,
    Invite,
    Message,
    Offer,
    Play,
    Played,
    Ready,
    Refused,
    Result,
    Train,
    pack,
    unpack,
)
from rliable.folder_files import unsafe_names
from rliable.unit import Files, UnitResult, failed_result

#: No run has as many test episodes.
MAX_EPISODES = 10**9


class SlotKeeper(Protocol):
    """Who starts slots, and starts them again."""

    def problem(self) -> str | None:
        """Why no slot will ever come again, or None while some may."""

    def restart(self, name: str) -> None:
        """Kills a slot that is silent, and starts it again."""


@dataclasses.dataclass
class Slot:
    """A connected slot.

    Attributes:
      name: "slot 0", ...
      channel: to its supervisor.
      host: its machine.
      seen: when it was last heard of, monotonic seconds.
      pieces: what has come of its messages.
      is_free: whether it waits for work; not before it has been found fit.
      problem: why it is not fit, in one line.
      started: when its lease began, in seconds since the epoch.
      loaded: the trained model that its process has loaded, unless it has died since without a word.
    """

    name: str
    channel: Connection
    host: str
    seen: float
    pieces: Pieces = dataclasses.field(default_factory=Pieces)
    is_free: bool = False
    problem: str | None = None
    started: float = 0.0
    loaded: ModelKey | None = None

    def send(self, message: Message) -> None:
        """Sends; a broken channel shows when it is next read, and one that takes no more is broken by that."""
        try:
            send(self.channel, pack(message))
        except OSError:
            with contextlib.suppress(OSError), socket_of(self.channel) as own:
                own.shutdown(socket.SHUT_RDWR)

    def receive(self) -> Message | None:
        """Takes one frame; gives the message that it completes, None while more of it is to come.

        Raises:
          EOFError, OSError: the channel is broken, or the frame too large.
          ValueError: the message is none of ours.
        """
        packed = self.pieces.add(self.channel.recv_bytes(FRAME_BYTES))
        return None if packed is None else unpack(packed)

    def give(self, lease: Lease, files: Files | None) -> None:
        """Has the slot work.

        Args:
          lease: on what.
          files: the checkpoint that a run begins with; for episodes the trained model, which is sent only if the slot
            has not loaded it already.
        """
        self.is_free, self.started = False, time.time()
        if lease.episodes is None:
            self.loaded = None
            self.send(Train(lease.unit, files))
            return
        is_loaded, self.loaded = self.loaded == lease.model_key, lease.model_key
        self.send(Play(lease.unit, lease.attempt, bounds(lease.episodes), None if is_loaded else files))

    def assist(self, lease: Lease, order: bytes) -> None:
        """Has the slot do a part of the training of another slot's run."""
        self.is_free, self.started, self.loaded = False, time.time(), None
        self.send(Assist(lease.unit, lease.attempt, order))

    def failure_result(self, failure: Failure, told: dict[str, Any]) -> UnitResult:
        """The result of a unit that is given up.

        Args:
          failure: the unit, and why.
          told: what is known of its last attempt; of a slot that was lost without a word, not even the process.
        """
        error = failure.error + (f", {failure.attempts} times" if failure.attempts > 1 else "")
        result = failed_result(failure.unit, self.name, self.started, error)
        here = {"pid": 0, "host": self.host}
        return dataclasses.replace(result, **{**here, **told, "attempts": failure.attempts})


def bounds(episodes: range) -> tuple[int, int]:
    """A range of episodes as it is sent: first and one past the last."""
    return episodes.start, episodes.stop


def is_in_turn(message: Message | None, lease: Lease | None) -> bool:
    """Tells whether a slot may say something while it holds a lease or none; only one that is broken says others."""
    is_run = lease is not None and lease.episodes is None
    if isinstance(message, Result):
        return is_run and lease is not None and (message.result.trial, message.result.run) == lease.key
    if isinstance(message, Played):
        played, episodes = message.played, lease.episodes if lease is not None else None
        return episodes == range(played.first, played.first + played.count) and played.count == len(played.returns)
    if isinstance(message, Offer):
        return is_run and all(0 <= first <= last <= MAX_EPISODES for first, last in message.slices)
    if isinstance(message, Assisted):
        return lease is None
    if isinstance(message, Ready | Refused):
        return not is_run
    return is_run or not isinstance(message, Ask | Invite | Delegate)


def checked(result: UnitResult) -> UnitResult:
    """The result, or a failed one if the names of its files lead out of the run's folder."""
    unsafe = unsafe_names(result.files)
    if not unsafe:
        return result
    nothing: dict[str, Any] = {"metrics": None, "predictions": [], "files": {}}
    return dataclasses.replace(result, error=f"the worker sent a file named {unsafe[0]!r:.80}", **nothing)
