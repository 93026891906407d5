"""Parts of a run's training that other processes do, where some are there to help: at level 2, those of idle slots."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Protocol


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


def blocks_of(number: int, num_blocks: int) -> list[range]:
    """The numbers below `number` in consecutive blocks of nearly the same size, none of them empty."""
    num_blocks = min(num_blocks, number)
    ends = [number * block // num_blocks for block in range(num_blocks + 1)]
    return [range(first, end) for first, end in itertools.pairwise(ends)]
