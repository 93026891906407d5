"""What the user hears of slots that are lost: one line for each host."""

from __future__ import annotations

import logging
import socket

#: Slots of a host that are lost within so many seconds are told of together.
GATHER_SECONDS = 1.0
logger = logging.getLogger(__name__)


class LostSlots:
    """Gathers losses and tells of them.

    The end of a process on the driver's own host is not told here: who has started it knows more about it.
    """

    def __init__(self) -> None:
        self._by_host: dict[str, list[str]] = {}
        self._since: dict[str, float] = {}

    def note(self, host: str, reason: str, is_silent: bool, now: float) -> None:
        """Takes down a loss.

        Args:
          host: of the slot.
          reason: with the slot's name.
          is_silent: whether it was not heard of, and has not ended as far as is known.
          now: monotonic seconds.
        """
        if is_silent or host != socket.gethostname():
            self._by_host.setdefault(host, []).append(reason)
            self._since.setdefault(host, now)

    def tell(self, now: float) -> None:
        """Logs a line for each host of which nothing more is to be expected."""
        for host in [host for host, since in self._since.items() if now - since >= GATHER_SECONDS]:
            del self._since[host]
            first, *others = self._by_host.pop(host)
            more = f", and {len(others)} more" if others else ""
            logger.warning("lost on host %s: %s%s; its runs go on in other slots", host, first, more)
