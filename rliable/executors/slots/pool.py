"""The driver's loop: gives units to the slots that are connected, and takes their results."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from typing import Protocol

from rliable.executors.base import ExecutorError
from rliable.executors.slots.channel import Door
from rliable.executors.slots.leases import Failure, Key, Lease, LeaseBook, Loss
from rliable.executors.slots.messages import (
    Fields,
    Kind,
    Message,
    pack,
    pack_files,
    read_files_of,
    read_result,
    unit_fields,
    unpack,
)
from rliable.unit import SliceRecord, Unit, UnitResult, failed_result

POLL_SECONDS = 1.0
LONELY_SECONDS = 60.0
logger = logging.getLogger(__name__)


class SlotKeeper(Protocol):
    """Who starts slots, and starts them again."""

    def problem(self) -> str | None:
        """Why no slot will ever come again, or None while some may."""

    def restart(self, name: str) -> None:
        """Kills a slot that is silent, and starts it again."""


class SlotPool:
    """Runs units in whatever slots are connected. Lives in one thread."""

    def __init__(self, door: Door, heartbeat_timeout_seconds: float, keeper: SlotKeeper) -> None:
        """Waits for slots at a door.

        Args:
          door: where they come in.
          heartbeat_timeout_seconds: silence after which a slot is lost.
          keeper: starts the slots.
        """
        self._door = door
        self._patience = heartbeat_timeout_seconds
        self._keeper = keeper
        self._slots: dict[str, Slot] = {}
        self._warn_at = time.monotonic() + LONELY_SECONDS
        self._book = LeaseBook(iter(()))

    def execute(self, units: Iterator[Unit]) -> Iterator[UnitResult]:
        """Runs every unit; see `Executor.execute`.

        Raises:
          ExecutorError: work is left and no slot is.
        """
        self._book = LeaseBook(units)
        while not self._book.is_finished:
            self._hand_out()
            if not self._book.is_finished:
                yield from self._take_in()

    def close(self) -> None:
        """Tells all slots to end."""
        self._door.close()
        for slot in list(self._slots.values()):
            slot.send(pack(Kind.STOP))
            slot.channel.close()
        self._slots.clear()

    def _hand_out(self) -> None:
        """Gives every free slot a lease while there are any."""
        for slot in [slot for slot in self._slots.values() if slot.is_free]:
            lease = self._book.lease(slot.name)
            if lease is None:
                return
            slot.give(lease, self._book.files_of(lease))

    def _take_in(self) -> Iterator[UnitResult]:
        """Waits for messages and yields the results in them, one slot after another."""
        by_channel = {slot.channel: slot for slot in self._slots.values()}
        for ready in wait([self._door.bell, *by_channel], POLL_SECONDS):
            if ready is self._door.bell:
                yield from self._welcome()
            elif self._slots.get(by_channel[ready].name) is by_channel[ready]:  # type: ignore[index]
                yield from self._hear(by_channel[ready])  # type: ignore[index]
                self._hand_out()
        yield from self._drop_silent()
        self._warn_if_alone()

    def _welcome(self) -> Iterator[UnitResult]:
        for channel, greeting in self._door.visitors():
            name = greeting.fields["slot"]
            if name in self._slots:
                yield from self._drop(self._slots[name], Loss(f"{name} was started again"))
            self._slots[name] = Slot(name, channel, time.monotonic())
        problem = None if self._slots else self._keeper.problem()
        if problem is not None:
            raise ExecutorError(problem)

    def _drop_silent(self) -> Iterator[UnitResult]:
        """Gives up slots that have not been heard of; not those that spoke while nobody listened."""
        now = time.monotonic()
        late = [slot for slot in self._slots.values() if now - slot.seen > self._patience]
        for slot in [slot for slot in late if not slot.channel.poll()]:
            self._keeper.restart(slot.name)
            yield from self._drop(slot, Loss(f"no heartbeat from {slot.name} for {self._patience:g} s"))

    def _drop(self, slot: Slot, loss: Loss) -> Iterator[UnitResult]:
        slot.channel.close()
        self._slots.pop(slot.name, None)
        yield from self._lost(slot, loss)
        self._door.ring()  # perhaps it was the last one

    def _hear(self, slot: Slot) -> Iterator[UnitResult]:
        """Takes one message of a slot."""
        try:
            message = unpack(slot.channel.recv_bytes())
        except (EOFError, OSError):
            yield from self._drop(slot, Loss(f"the connection to {slot.name} broke"))
            return
        slot.seen = time.monotonic()
        if message.kind in (Kind.RESULT, Kind.PLAYED):
            yield from self._ended(slot, message)
        elif message.kind is Kind.DIED:
            slot.loaded = None
            yield from self._lost(slot, Loss(message.fields["error"], message.fields["is_final"]), message)
        elif message.kind in (Kind.OFFER, Kind.ASK):
            self._share(slot, message)

    def _share(self, slot: Slot, message: Message) -> None:
        """Answers a run that asks which slice of its evaluation to play next."""
        if message.kind is Kind.OFFER:
            slices = [range(*pair) for pair in message.fields["slices"]]
            self._book.offer(slot.name, slices, read_files_of(message))
        slot.answer(self._book.next_slice(slot.name))

    def _ended(self, slot: Slot, message: Message) -> Iterator[UnitResult]:
        slot.is_free = True
        if message.fields.get("needs_files"):
            slot.loaded = None
            self._book.put_back(slot.name)
            return
        if message.kind is Kind.RESULT:
            result = self._book.finish(slot.name, read_result(message))
        elif "error" in message.fields:
            yield from self._lost(slot, Loss(message.fields["error"], is_final=True), message)
            return
        else:
            result = self._book.finish_slice(slot.name, SliceRecord(**message.fields), time.time() - slot.started)
        if result is not None:
            yield result

    def _lost(self, slot: Slot, loss: Loss, message: Message | None = None) -> Iterator[UnitResult]:
        slot.is_free = True
        failure = self._book.lose(slot.name, loss)
        if failure is not None:
            yield slot.failure_result(failure, message.fields if message else {})

    def _warn_if_alone(self) -> None:
        """Says once why nothing may be happening."""
        now = time.monotonic()
        if self._slots:
            self._warn_at = now + LONELY_SECONDS
        elif now > self._warn_at:
            self._warn_at = math.inf
            logger.warning(
                "no slot for %g s: has the cluster free cores, and can they reach the driver's port %d?",
                LONELY_SECONDS,
                self._door.port,
            )


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
