"""A process that steps some instances of an environment, seen from the one that starts, watches and ends it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import IO, Any

from rliable.environments import short_name
from rliable.environments.orders import TELL_SIGNAL, Assignment, EnvironmentDied, Order, Raised
from rliable.environments.shared_arrays import SharedArrays
from rliable.processes import environment_for_python, signal_name
from rliable.threads import thread_variables

MODULE = "rliable.environments.worker_process"
#: So much of the end of what it prints is kept.
TAIL_BYTES = 4000
#: How often is looked whether one that does not answer is still there.
CHECK_SECONDS = 1.0
#: What it is given to end by itself, and to tell where it hangs.
PATIENCE_SECONDS, TELL_SECONDS = 2.0, 0.2
#: How the words begin that Python prints when it crashes.
CRASH = "Fatal Python error"


class WorkerProcess:
    """One process. It ends when nobody holds this object any more, as its channel is closed then.

    Args:
      given: what it has to know.
      arrays: those that it writes.
      timeout_seconds: of a step or a reset of one instance, None for no limit.
    """

    def __init__(self, given: Assignment, arrays: SharedArrays, timeout_seconds: float | None) -> None:
        self._name, self._number = short_name(given.name), given.worker
        self._arrays, self._timeout = arrays, timeout_seconds
        self._order, self._told = Order((), None), float("inf")
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = start_python(theirs.fileno(), given.memory)
        self._channel = Connection(ours.detach())
        assert self._process.stdout is not None
        self._printed = Printed(self._process.stdout)
        self._send(given)

    def tell(self, order: Order) -> None:
        """Gives an order."""
        self._order, self._told = order, time.monotonic()
        self._send(order)

    def wait(self) -> None:
        """Waits until the latest order, or the start, is done.

        Raises:
          Exception: what the environment raised.
          TimeoutError: it takes too long.
          EnvironmentDied: the process is gone.
        """
        while not self._channel.poll(min(CHECK_SECONDS, self._seconds_left())):
            if self._process.poll() is not None and not self._channel.poll():
                raise self._death()
            if self._seconds_left() == 0.0:
                raise self._lateness()
        try:
            answer: Raised | None = self._channel.recv()
        except (EOFError, OSError):
            raise self._death() from None
        if answer is not None:
            raise as_exception(answer)

    def hang_up(self) -> None:
        """Has it close its instances and end."""
        self._channel.close()

    def end(self, patience_seconds: float = PATIENCE_SECONDS) -> int:
        """Waits a moment for it to end, then kills it; gives its exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(patience_seconds)
        self._process.kill()
        return self._process.wait()

    def _send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # one that has died shows when it is waited for
            self._channel.send(message)

    def _seconds_left(self) -> float:
        """How long the step or reset that it is in may still take."""
        if self._timeout is None:
            return CHECK_SECONDS
        began = max(self._told, float(self._arrays.began[self._number]))
        return max(0.0, began + self._timeout - time.monotonic())

    def _death(self) -> EnvironmentDied:
        """What to say of it when it is gone."""
        code, text = self.end(), self._printed.text()
        how = f"died ({signal_name(-code)})" if code < 0 else f"ended with exit code {code}"
        lines = text.partition(CRASH)[0].split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        words = f"the process that steps {self._name} {how}" + f"; it printed last: {last:.200}" * bool(last)
        return noted(EnvironmentDied(words), f"The process printed last:\n{text}")

    def _lateness(self) -> TimeoutError:
        """What to say of it when it takes too long, after which it is killed."""
        self._process.send_signal(TELL_SIGNAL)
        time.sleep(TELL_SECONDS)
        self._process.kill()
        what = "step" if self._order.seeds is None else "reset"
        words = f"a {what} of {self._name} took longer than env_step_timeout_seconds {self._timeout:g}"
        return noted(TimeoutError(words), f"The process printed last:\n{self._printed.text()}")


class Printed:
    """What a process prints: it goes where this one's errors go, and its end is kept.

    Args:
      pipe: where it prints.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._kept = b""
        self._thread = threading.Thread(target=self._pass_on, args=[pipe], daemon=True)
        self._thread.start()

    def text(self) -> str:
        """The end of it, when the process has ended."""
        self._thread.join(TELL_SECONDS)  # what it has started may hold the pipe open
        return self._kept.decode(errors="replace")

    def _pass_on(self, pipe: IO[bytes]) -> None:
        with pipe, contextlib.suppress(OSError):
            while chunk := os.read(pipe.fileno(), 1 << 16):
                self._kept = (self._kept + chunk)[-TAIL_BYTES:]
                os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, chunk)


def start_python(*descriptors: int) -> subprocess.Popen[bytes]:
    """Starts the process, which computes with one thread.

    Args:
      *descriptors: files that it inherits; the first is its channel.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", MODULE, str(descriptors[0])],
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment_for_python() | thread_variables(1) | {"PYTHONUNBUFFERED": "1"},
    )


def as_exception(told: Raised) -> Exception:
    """An exception of another process, of a class that may not be known here."""
    error: Exception = type(told.kind, (Exception,), {"__module__": "builtins"})(told.words)
    return noted(error, f"In the process of the environment:\n{told.trace}")


def noted(error: Any, text: str) -> Any:
    """An error with a note below its traceback, where Python shows notes (3.11)."""
    error.__notes__ = [*getattr(error, "__notes__", []), text]
    return error
