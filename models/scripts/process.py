"""A script that runs: what it prints as it comes, how it ends, and how it is ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rliable.processes import environment_for_programs

#: How often files are looked at while nothing is printed.
LOOK_SECONDS = 0.1
READ_BYTES = 2**16
#: What is kept of a line that does not end.
MAX_LINE_BYTES = 2**20


class ScriptError(Exception):
    """The script failed, in one line."""


class Script:
    """A program in a session of its own, so that it and all that it starts can be ended together."""

    def __init__(self, words: Sequence[str], grace_seconds: float, folder: str | Path = ".") -> None:
        """Starts it.

        Args:
          words: the program and its arguments; no shell reads them.
          grace_seconds: how long it may take to end when it is asked to.
          folder: to run in.

        Raises:
          ScriptError: there is no such program.
        """
        self._grace_seconds = grace_seconds
        try:
            self._process = subprocess.Popen(
                words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment_for_programs(),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ScriptError(f"{words[0]!r} cannot be started: {error}") from error
        assert self._process.stdout is not None and self._process.stderr is not None
        self._output, self._errors = Lines(1), Lines(2)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ, self._output)
        self._selector.register(self._process.stderr, selectors.EVENT_READ, self._errors)

    def __enter__(self) -> Script:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._selector.close()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def rounds(self) -> Iterator[list[str]]:
        """The lines that it has printed since the last round, at least every `LOOK_SECONDS`, until it has ended."""
        is_over = False
        while not is_over:
            has_ended = self._process.poll() is not None
            pieces = self._read(0.0 if has_ended else LOOK_SECONDS)
            is_over = has_ended and not pieces
            yield [line for lines, content in pieces for line in lines.add(content)]
        yield [*self._output.rest(), *self._errors.rest()]

    def check(self) -> None:
        """Looks how it ended.

        Raises:
          ScriptError: badly.
        """
        code = self._process.wait()
        if code == 0:
            return
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        last = self._errors.last
        raise ScriptError(f"{last} ({how})" if last else f"the script ended with {how} and said nothing on stderr")

    def stop(self) -> None:
        """Ends it and all that it has started: asks first, then kills."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            end = time.monotonic() + self._grace_seconds
            while self._process.poll() is None and time.monotonic() < end:
                self._read(LOOK_SECONDS)  # so that it is not held up by what it prints while it ends
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _read(self, seconds: float) -> list[tuple[Lines, bytes]]:
        """What has come on each stream within a time."""
        if not self._selector.get_map():  # it has closed both
            time.sleep(seconds)
            return []
        pieces = []
        for key, _ in self._selector.select(seconds):
            content = os.read(key.fd, READ_BYTES)
            pieces += [(key.data, content)] if content else []
            if not content:
                self._selector.unregister(key.fileobj)
        return pieces

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class Lines:
    """The whole lines of a stream that comes in pieces; passes the pieces on to a file of this process.

    Attributes:
      last: the last line that is not empty.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begun = b""
        self.last = ""

    def add(self, content: bytes) -> list[str]:
        """The lines that are complete with a piece."""
        sys.stdout.flush()
        with contextlib.suppress(OSError):  # nobody reads it
            os.write(self._descriptor, content)
        *whole, begun = (self._begun + content).replace(b"\r", b"\n").split(b"\n")
        self._begun = begun[-MAX_LINE_BYTES:]
        return self._kept(whole)

    def rest(self) -> list[str]:
        """A last line that has no end."""
        begun, self._begun = self._begun, b""
        return self._kept([begun])

    def _kept(self, lines: list[bytes]) -> list[str]:
        texts = [text for line in lines if (text := line.decode("utf-8", "replace").strip())]
        self.last = texts[-1] if texts else self.last
        return texts
