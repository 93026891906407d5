"""Ctrl-C, SIGTERM, SIGUSR1 and a closed terminal: stop soon, but never in the middle of writing something down."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the first of these signals into one KeyboardInterrupt in the main thread.

    The second changes nothing, as one is often sent twice. The third ends the process at once, for somebody may swallow
    the exception, or be slow; what was started clears up by itself, as after SIGKILL. A signal that was ignored when we
    came, as under `nohup` and in the background, stays ignored.

    SIGUSR1, which batch queues send some time before they kill, interrupts nothing where somebody drains, nor later:
    one that comes when the search has just ended would kill the process that is about to say so.

    Attributes:
      received: the first signal's number, or None.
      is_asked_to_drain: whether SIGUSR1 has come.
    """

    def __init__(self, drains: bool = False) -> None:
        """Changes nothing yet.

        Args:
          drains: whether SIGUSR1 is waited for.
        """
        self._handlers = dict.fromkeys(SIGNALS, self._handle) | ({signal.SIGUSR1: self._take_wish} if drains else {})
        self.received: int | None = None
        self.is_asked_to_drain = False
        self._is_shielded = False
        self._holds_sigterm = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        is_main = threading.current_thread() is threading.main_thread()  # elsewhere no signal arrives
        for number, handler in self._handlers.items() if is_main else ():
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._previous.items():
            is_late_wish = number == signal.SIGUSR1 and handler is signal.SIG_DFL
            signal.signal(number, signal.SIG_IGN if is_late_wish else handler)

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.received or signal.SIGINT)

    @property
    def is_held(self) -> bool:
        """Whether SIGTERM has come and is held back."""
        return self._holds_sigterm and self.received == signal.SIGTERM

    @contextlib.contextmanager
    def sigterm_held(self) -> Iterator[None]:
        """Lets SIGTERM raise nothing inside the block: whoever is in it looks at `is_held` often."""
        self._holds_sigterm = True
        try:
            yield
        finally:
            self._holds_sigterm = False

    @contextlib.contextmanager
    def shielded(self) -> Iterator[None]:
        """Holds an interrupt back until the block is done."""
        self._is_shielded = True
        try:
            yield
        finally:
            self._is_shielded = False
        self.check()

    def check(self) -> None:
        """Raises the interrupt again that somebody, a model that catches everything, has kept from coming through."""
        if self.received is not None and not self.is_held:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            for known in set(SIGNALS) & self._previous.keys():
                signal.signal(known, signal.SIG_DFL)  # so that the system does it, even while no Python code runs
            return
        self.received = number
        if not self._is_shielded and not self.is_held:
            raise KeyboardInterrupt

    def _take_wish(self, number: int, frame: FrameType | None) -> None:
        self.is_asked_to_drain = True
