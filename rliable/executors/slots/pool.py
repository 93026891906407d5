"""The driver's loop: gives units to the slots that are connected, and takes their reports and results."""

from __future__ import annotations

import dataclasses
import logging
import math
import selectors
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from rliable.executors.base import ExecutorError, ExecutorOptions
from rliable.executors.slots.channel import Door
from rliable.executors.slots.frames import OnDisk, Pieces
from rliable.executors.slots.leases import Lease, LeaseBook, Loss
from rliable.executors.slots.losses import LostSlots
from rliable.executors.slots.messages import (
    Answered,
    Ask,
    Assisted,
    Await,
    Beat,
    Delegate,
    Delivered,
    Died,
    Invite,
    Joined,
    Kept,
    Next,
    Offer,
    Played,
    Ready,
    Refused,
    Reported,
    Result,
    Stop,
)
from rliable.executors.slots.parties import HelpBook
from rliable.executors.slots.preflight import Preflight
from rliable.executors.slots.slot import Slot, SlotKeeper, bounds, checked, is_in_turn
from rliable.unit import Answer, Files, OnReport, Report, Unit, UnitResult

POLL_SECONDS = 1.0
#: How often at most it is looked for slots that have not been heard of.
SILENCE_CHECK_SECONDS = 0.5
LONELY_SECONDS = 60.0
#: How long `gather` waits for the first slot or one that is tried, and for another one after those.
FIRST_SECONDS, NEXT_SECONDS = 20.0, 3.0
logger = logging.getLogger(__name__)


class SlotPool:
    """Runs units in whatever slots are connected. Lives in one thread."""

    def __init__(self, door: Door, keeper: SlotKeeper, options: ExecutorOptions) -> None:
        """Waits for slots at a door.

        Args:
          door: where they come in.
          keeper: starts the slots.
          options: when a slot counts as lost, how many may train and evaluate, where what they send is kept.
        """
        self._door, self._keeper, self._options = door, keeper, options
        self._checkpoints = options.checkpoints
        self._make_store = partial(OnDisk, options.spool)
        self._patience = options.heartbeat_timeout_seconds
        self._slots: dict[str, Slot] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(door.bell, selectors.EVENT_READ)
        self._has_news = True  # of slots or of work, since work was handed out
        self._look_at = 0.0
        self._warn_at = time.monotonic() + LONELY_SECONDS
        self._book, self._help = LeaseBook(iter(())), HelpBook()
        self._on_report: OnReport | None = None
        self._preflight = Preflight(options)
        self._losses = LostSlots()

    @property
    def hosts(self) -> dict[str, str]:
        """The machine of each slot that has ever come, by the slot's name."""
        return self._preflight.hosts

    def execute(
        self, units: Iterator[Unit | None], on_report: OnReport | None = None, on_wait: Callable[[], None] | None = None
    ) -> Iterator[UnitResult]:
        """Runs every unit; see `Executor.execute` and `Executor.on_wait`.

        Raises:
          ExecutorError: work is left and no slot is.
        """
        self._book, self._help = LeaseBook(units, self._options.max_evaluation_slots), HelpBook()
        self._on_report = on_report
        self._has_news = True
        while not self._book.is_finished:
            if on_wait is not None:
                on_wait()
            self._hand_out()
            if not self._book.is_finished:
                yield from self._take_in()

    def gather(self) -> None:
        """As `Executor.gather`: until all that were asked for are tried, or there is no news for a while."""
        most = math.inf if self._options.num_workers is None else self._options.num_workers
        news, since = (0, 0), time.monotonic()
        while True:
            num_tried = sum(slot.is_free or slot.problem is not None for slot in self._slots.values())
            if news != (len(self._slots), num_tried):
                news, since = (len(self._slots), num_tried), time.monotonic()
            is_trying = num_tried < len(self._slots)
            patience = NEXT_SECONDS if self._slots and not is_trying else FIRST_SECONDS
            if (num_tried >= most) or time.monotonic() - since > patience:
                return
            for _ in self._take_in():
                pass  # nobody holds a lease yet

    def drain(self) -> None:
        """As `Executor.drain`."""
        self._book.drain()

    def close(self) -> None:
        """Tells all slots to end."""
        self._door.close()
        self._selector.close()
        for slot in list(self._slots.values()):
            slot.send(Stop())
            slot.channel.close()
        self._slots.clear()

    def _hand_out(self) -> None:
        """Gives every free slot a lease while there are any; whoever gets none helps with a training."""
        if not self._has_news or (self._book.is_used_up and not self._help.is_wanted):
            return
        self._has_news = False
        for slot in [slot for slot in self._slots.values() if slot.is_free]:
            may_train = self._may_train(slot.name)
            lease = self._book.lease(slot.name, may_train)
            if lease is not None:
                self._help.leave(slot.name)
                slot.give(lease, self._files_for(lease))
            elif may_train and (owner := self._help.join(slot.name)) is not None:
                self._slots[owner].send(Joined(slot.name))

    def _may_train(self, slot: str) -> bool:
        """Whether a free slot may train a run or help with a training, beside those that do."""
        most = self._options.max_training_slots
        return most is None or self._book.num_training + self._help.num_helping(besides=slot) < most

    def _take_in(self) -> Iterator[UnitResult]:
        """Waits for messages and yields the results in them, one slot after another."""
        for key, _ in self._selector.select(POLL_SECONDS):
            slot: Slot | None = key.data
            if slot is None:
                yield from self._welcome()
            elif self._slots.get(slot.name) is slot:
                yield from self._hear(slot)
                self._hand_out()
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + SILENCE_CHECK_SECONDS
            yield from self._drop_silent()
            self._losses.tell(time.monotonic())
            self._warn_if_alone()
            self._preflight.review(self._slots.values())

    def _welcome(self) -> Iterator[UnitResult]:
        for channel, hello in self._door.visitors():
            if hello.slot in self._slots:
                yield from self._drop(self._slots[hello.slot], Loss(f"{hello.slot} was started again"))
            slot = Slot(hello.slot, channel, hello.host, time.monotonic(), Pieces(self._make_store))
            self._selector.register(channel, selectors.EVENT_READ, slot)
            self._slots[hello.slot] = slot
            self._has_news = True
            self._preflight.came(slot)
        problem = None if self._slots else self._keeper.problem()
        if problem is not None:
            raise ExecutorError(problem)

    def _drop_silent(self) -> Iterator[UnitResult]:
        """Gives up slots that have not been heard of; not those that spoke while nobody listened."""
        now = time.monotonic()
        late = [slot for slot in self._slots.values() if now - slot.seen > self._patience]
        for slot in [slot for slot in late if not slot.channel.poll()]:
            self._keeper.restart(slot.name)
            yield from self._drop(slot, Loss(f"no heartbeat from {slot.name} for {self._patience:g} s"), is_silent=True)

    def _drop(self, slot: Slot, loss: Loss, is_silent: bool = False) -> Iterator[UnitResult]:
        self._losses.note(slot.host, loss.error, is_silent, time.monotonic())
        self._selector.unregister(slot.channel)
        slot.channel.close()
        self._slots.pop(slot.name, None)
        self._has_news = True
        yield from self._lost(slot, loss, {})
        self._door.ring()  # perhaps it was the last one

    def _expel(self, slot: Slot, words: str) -> Iterator[UnitResult]:
        """Gives up a slot that is broken: it has said what no slot says."""
        self._keeper.restart(slot.name)
        yield from self._drop(slot, Loss(f"{slot.name} said {words}"))

    def _hear(self, slot: Slot) -> Iterator[UnitResult]:
        """Takes one frame of a slot, and what it says if that is whole."""
        try:
            message = slot.receive()
        except (EOFError, OSError):
            yield from self._drop(slot, Loss(f"the connection to {slot.name} broke"))
            return
        except ValueError:
            yield from self._expel(slot, "what is no message")
            return
        if not is_in_turn(message, self._book.held_by(slot.name)):
            yield from self._expel(slot, f"{type(message).__name__} out of turn")
            return
        slot.seen = time.monotonic()
        self._has_news |= not isinstance(message, Beat | Reported | None)
        if isinstance(message, Result | Played | Refused):
            slot.is_free = True
            yield from self._ended(slot, message)
        elif isinstance(message, Died):
            slot.loaded = None
            told = {"pid": message.pid, "traceback": message.output}
            yield from self._lost(slot, Loss(message.error, message.is_final), told)
        elif isinstance(message, Ready):
            self._preflight.passed(slot, message)
        elif isinstance(message, Reported):
            self._answer(slot, message)
        elif isinstance(message, Kept):
            self._keep(slot, message)
        elif isinstance(message, Offer | Ask):
            self._share(slot, message)
        elif isinstance(message, Invite):
            self._help.invite(slot.name)
        elif isinstance(message, Delegate):
            self._delegate(slot, message)
        elif isinstance(message, Assisted):
            slot.is_free = True
            self._deliver(self._help.finish(slot.name, time.time() - slot.started, message.answer))
        elif isinstance(message, Await):
            self._help.wait(slot.name, message.helper)
            self._deliver(slot.name)

    def _files_for(self, lease: Lease) -> Files | None:
        """What a slot needs for a lease: the trained model, or the checkpoint of a run that was begun before."""
        if lease.episodes is not None:
            return self._book.files_of(lease)
        return self._checkpoints.latest(*lease.key) if self._checkpoints is not None else None

    def _keep(self, slot: Slot, message: Kept) -> None:
        """Keeps a checkpoint of what a slot works on."""
        lease = self._book.held_by(slot.name)
        if lease is not None and self._checkpoints is not None:
            self._checkpoints.keep(*lease.key, message.files)

    def _answer(self, slot: Slot, message: Reported) -> None:
        """Passes a report on, and tells the run to go on or to stop."""
        lease = self._book.held_by(slot.name)
        answer = Answer.GO_ON
        if lease is not None and self._on_report is not None:
            unit = lease.unit
            answer = self._on_report(Report(unit.trial, unit.run, slot.name, message.step, message.figures))
        slot.send(Answered(answer))

    def _share(self, slot: Slot, message: Offer | Ask) -> None:
        """Answers a run that asks which slice of its evaluation to play next."""
        if isinstance(message, Offer):
            self._book.offer(slot.name, [range(*pair) for pair in message.slices], message.files)
        episodes = self._book.next_slice(slot.name)
        slot.send(Next(None if episodes is None else bounds(episodes)))

    def _delegate(self, slot: Slot, message: Delegate) -> None:
        """Has another slot do what a run asks of it, if it is still there to help."""
        lease = self._book.held_by(slot.name)
        if lease is not None and self._help.begin(slot.name, message.helper):
            self._slots[message.helper].assist(lease, message.order)

    def _deliver(self, owner: str | None) -> None:
        """Passes on what came of an order, if the run that it is for waits for it: else nobody would take it in."""
        due = self._help.due(owner)
        if owner is None or due is None:
            return
        helper, answer = due
        self._slots[owner].send(Delivered(helper, answer))
        if answer is None and self._help.helps(owner, helper):  # it had left, and has come back since
            self._slots[owner].send(Joined(helper))

    def _ended(self, slot: Slot, message: Result | Played | Refused) -> Iterator[UnitResult]:
        """Takes what a slot says at the end of its lease."""
        if isinstance(message, Refused):
            yield from self._refused(slot, message)
            return
        if isinstance(message, Result):
            seconds = message.result.slot_seconds + self._help.end(slot.name)
            result = self._book.finish(slot.name, checked(dataclasses.replace(message.result, slot_seconds=seconds)))
        else:
            result = self._book.finish_slice(slot.name, message.played, time.time() - slot.started)
        if result is not None:
            yield result

    def _refused(self, slot: Slot, message: Refused) -> Iterator[UnitResult]:
        """Takes back what a slot could not do for another's run."""
        slot.loaded = None
        if self._book.held_by(slot.name) is None:  # an order
            self._deliver(self._help.fail(slot.name))
        elif message.error is None:
            self._book.put_back(slot.name)
        elif (failure := self._book.refuse_slice(slot.name, message.error)) is not None:
            yield slot.failure_result(failure, {"traceback": message.traceback})

    def _lost(self, slot: Slot, loss: Loss, told: dict[str, Any]) -> Iterator[UnitResult]:
        slot.is_free = True
        self._help.end(slot.name)
        self._deliver(self._help.fail(slot.name))
        failure = self._book.lose(slot.name, loss)
        if failure is not None:
            yield slot.failure_result(failure, told)

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
