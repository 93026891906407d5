"""Parts of a run's training that other processes do, where some are there to help: at level 2, those of idle slots."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from typing import Any, Protocol

#: A helper takes some seconds to get ready: none is asked for anything before a run has spent as many without.
READY_SECONDS = 3.0
#: What takes no longer is done where it arises: to tell a helper, and to be told, takes about ten milliseconds.
LEAST_SECONDS = 0.05


class Helpers(Protocol):
    """Other processes that do parts of a run's training; at level 2 those of slots that have nothing else to do.

    They come and go. What is asked of one is answered by `BaseModel.help` of a new object of the same configuration and
    seed there.
    """

    def present(self) -> list[str]:
        """The names of those that are there now; the first call invites them."""

    def ask(self, helper: str, order: bytes) -> None:
        """Has one of them do something, once at a time."""

    def answer(self, helper: str) -> bytes | None:
        """Waits for what it made of the last order; None if it is gone or could not do it."""


def deal(
    helpers: Helpers | None,
    number: int,
    order_for: Callable[[range], bytes],
    do: Callable[[range], Any],
    read: Callable[[range, bytes], Any],
) -> list[tuple[range, Any]]:
    """Has `number` things done, the first of them here and the others by as many helpers as there are.

    Args:
      helpers: who may be there.
      number: at least 1.
      order_for: what a helper is told, for consecutive things.
      do: does such here, first and also where a helper is lost.
      read: makes the same of a helper's answer.

    Returns:
      The things in consecutive blocks, with what came of each block.
    """
    names = helpers.present() if helpers is not None else []
    own, *others = blocks_of(number, 1 + len(names))
    asked = list(zip(others, names, strict=False))
    for block, name in asked:
        helpers.ask(name, order_for(block))  # type: ignore[union-attr]
    done = [(own, do(own))]
    for block, name in asked:
        answer = helpers.answer(name)  # type: ignore[union-attr]
        done.append((block, do(block) if answer is None else read(block, answer)))
    return done


class Dealer:
    """Has parts of one run's training done by helpers as soon as that pays; who does them changes nothing else.

    Attributes:
      is_alone: whether there never is a helper.

    Args:
      helpers: who may be there; None for nobody.
    """

    def __init__(self, helpers: Helpers | None) -> None:
        self._helpers = helpers
        self.is_alone = helpers is None
        self._spent = 0.0
        self._seconds_each: dict[str, float] = {}
        if helpers is not None:
            helpers.present()  # they come while this process compiles

    def deal(
        self,
        kind: str,
        number: int,
        order_for: Callable[[range], bytes],
        do: Callable[[range], Any],
        read: Callable[[range, bytes], Any],
    ) -> list[tuple[range, Any]]:
        """`deal` for things of a kind, which take about as long each time."""

        def timed(block: range) -> Any:
            started = time.monotonic()
            done = do(block)
            seconds = time.monotonic() - started
            self._spent += seconds
            self._seconds_each[kind] = seconds / len(block)
            return done

        pays = self._spent >= READY_SECONDS and self._seconds_each.get(kind, math.inf) * number >= LEAST_SECONDS
        return deal(self._helpers if pays else None, number, order_for, timed, read)


def blocks_of(number: int, num_blocks: int) -> list[range]:
    """The numbers below `number` in consecutive blocks of nearly the same size, none of them empty."""
    num_blocks = min(num_blocks, number)
    ends = [number * block // num_blocks for block in range(num_blocks + 1)]
    return [range(first, end) for first, end in itertools.pairwise(ends)]
