"""Which idle slots help with the training of which run, an order at a time. Pure: no channel, no Spark."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Party:
    """Those who help one run.

    Attributes:
      members: slots that help it.
      busy: those of them that have an order.
      barred: slots that could not carry out an order, for their own reasons perhaps.
      answers: what came of orders, by slot, until the run waits for it: only then does its process read.
      awaited: the slot whose answer it waits for.
      seconds: how long slots were busy with it, all together.
    """

    members: set[str] = dataclasses.field(default_factory=set)
    busy: set[str] = dataclasses.field(default_factory=set)
    barred: set[str] = dataclasses.field(default_factory=set)
    answers: dict[str, bytes | None] = dataclasses.field(default_factory=dict)
    awaited: str | None = None
    seconds: float = 0.0

    def drop(self, slot: str) -> bool:
        """Takes a slot out; tells whether it still had an order."""
        had_order = slot in self.busy
        if had_order:
            self.answers[slot] = None
        self.members.discard(slot)
        self.busy.discard(slot)
        return had_order


class HelpBook:
    """The parties, by the slot that trains the run.

    A slot that helps holds no lease: between two orders it is free, and leaves as soon as there is other work for it.
    """

    def __init__(self) -> None:
        self._parties: dict[str, Party] = {}

    def num_helping(self, besides: str) -> int:
        """How many other slots help, with an order or without."""
        return sum(len(party.members - {besides}) for party in self._parties.values())

    @property
    def is_wanted(self) -> bool:
        """Whether any run takes help."""
        return bool(self._parties)

    def invite(self, owner: str) -> None:
        """Opens the run of a slot to helpers."""
        self._parties[owner] = Party()

    def end(self, owner: str) -> float:
        """The run needs no more help; gives how long slots were busy with it."""
        party = self._parties.pop(owner, None)
        return party.seconds if party else 0.0

    def join(self, slot: str) -> str | None:
        """Has a slot help the run that has fewest helpers; gives the slot that trains it, None if nothing changes."""
        if any(slot in party.members for party in self._parties.values()):
            return None
        fitting = [owner for owner, party in self._parties.items() if slot not in party.barred]
        owner = min(fitting, key=lambda owner: len(self._parties[owner].members), default=None)
        if owner is not None:
            self._parties[owner].members.add(slot)
        return owner

    def leave(self, slot: str) -> None:
        """A free slot goes on to other work."""
        for party in self._parties.values():
            party.drop(slot)

    def begin(self, owner: str, helper: str) -> bool:
        """Notes an order; tells whether the slot is there to carry it out."""
        party = self._parties.get(owner)
        if party is None:
            return False
        if helper not in party.members:
            party.answers[helper] = None
            return False
        party.busy.add(helper)
        return True

    def wait(self, owner: str, helper: str) -> None:
        """Notes whose answer a run waits for; a slot that trains none waits in vain."""
        if owner in self._parties:
            self._parties[owner].awaited = helper

    def due(self, owner: str | None) -> tuple[str, bytes | None] | None:
        """Takes out the answer that a run waits for, with the slot's name; None as long as it is not there."""
        party = self._parties.get(owner or "")
        if party is None or party.awaited not in party.answers:
            return None
        helper, party.awaited = party.awaited, None
        return helper, party.answers.pop(helper)

    def helps(self, owner: str, slot: str) -> bool:
        """Whether a slot helps the run of another now."""
        return owner in self._parties and slot in self._parties[owner].members

    def finish(self, helper: str, seconds: float, answer: bytes) -> str | None:
        """Takes what came of an order; gives the slot whose run it is for, None where that has ended."""
        for owner, party in self._parties.items():
            if helper in party.busy:
                party.busy.remove(helper)
                party.seconds += seconds
                party.answers[helper] = answer
                return owner
        return None

    def fail(self, helper: str) -> str | None:
        """A slot is lost, or cannot do what it was told, and helps that run no more; gives whose order is lost."""
        for owner, party in self._parties.items():
            if helper in party.members:
                party.barred.add(helper)
                return owner if party.drop(helper) else None
        return None
