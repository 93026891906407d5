"""What a run's process and the driver say to each other while the run goes on, seen from the process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from multiprocessing.connection import Connection

from rliable.executors.slots.frames import receive, send
from rliable.executors.slots.messages import (
    Answered,
    Ask,
    Await,
    Delegate,
    Delivered,
    Invite,
    Joined,
    Kept,
    Message,
    Next,
    Offer,
    Reported,
    pack,
)
from rliable.executors.worker import plain_row
from rliable.model import EpisodicModel
from rliable.unit import Answer, Files


class Conversation:
    """One run's; it is also the run's `rliable.helping.Helpers`.

    Attributes:
      has_offered: whether the driver has got the trained model.

    Args:
      channel: to the supervisor, which passes on.
    """

    def __init__(self, channel: Connection) -> None:
        self._channel = channel
        self._awaits_answer, self._answer = False, Answer.GO_ON
        self._has_invited = False
        self.has_offered = False
        self._present: list[str] = []
        self._delivered: dict[str, bytes | None] = {}

    def report(self, row: dict[str, float]) -> Answer:
        """Sends a row, unless the one before is still unanswered; gives the last answer."""
        self._take_all()
        if self._answer is Answer.GO_ON and not self._awaits_answer:
            with contextlib.suppress(TypeError, ValueError):  # the result says what is wrong with it
                plain = plain_row(row)
                self._send(Reported(int(plain.pop("step")), plain))
                self._awaits_answer = True
        return self._answer

    def keep(self, files: Files) -> None:
        """Sends a checkpoint."""
        self._send(Kept(files))

    def share(self, model: EpisodicModel, files: Files) -> Iterator[range]:
        """Opens the test episodes to idle slots, and yields the slices that are left to this one."""
        self.has_offered = True
        self._send(Offer([(part.start, part.stop) for part in model.slices()], files))
        while (episodes := self._next_slice()) is not None:
            yield episodes
            self._send(Ask())

    def present(self) -> list[str]:
        """The slots that help; see `Helpers`."""
        if not self._has_invited:
            self._has_invited = True
            self._send(Invite())
        self._take_all()
        return list(self._present)

    def ask(self, helper: str, order: bytes) -> None:
        """Has a slot do something; see `Helpers`."""
        self._send(Delegate(helper, order))

    def answer(self, helper: str) -> bytes | None:
        """Waits for what came of it; see `Helpers`."""
        self._send(Await(helper))
        while helper not in self._delivered:
            self._take(self._receive())
        return self._delivered.pop(helper)

    def _send(self, message: Message) -> None:
        send(self._channel, pack(message))

    def _receive(self) -> Message:
        return receive(self._channel)

    def _take_all(self) -> None:
        """Takes what has come in."""
        while self._channel.poll():
            self._take(self._receive())

    def _take(self, message: Message) -> None:
        if isinstance(message, Answered):
            self._awaits_answer, self._answer = False, message.answer
        elif isinstance(message, Joined):
            self._present += [message.helper] * (message.helper not in self._present)
        elif isinstance(message, Delivered):
            self._delivered[message.helper] = message.answer
            if message.answer is None:
                self._present.remove(message.helper)

    def _next_slice(self) -> range | None:
        """Waits for the next slice; an answer to a late report may come before it."""
        while not isinstance(message := self._receive(), Next):
            self._take(message)
        return None if message.episodes is None else range(*message.episodes)
