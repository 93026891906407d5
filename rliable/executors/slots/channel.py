"""The driver's end of the channel: a door at which slots knock, and the settings of their sockets."""

from __future__ import annotations

import contextlib
import queue
import secrets
import socket
import struct
import threading
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, Pipe, answer_challenge, deliver_challenge

from rliable.executors.slots.messages import Hello, unpack

KEY_BYTES = 32
RETRY_SECONDS = 0.05
#: Seconds of silence after which the system asks whether the other machine still exists, between questions, and how
#: many go unanswered before the connection counts as broken.
KEEPALIVE = (15, 5, 3)


class Door:
    """Listens for slots and lets in those that know the study's key.

    Handshakes run on threads of their own, so that a stranger who connects and says nothing holds up nobody.

    Attributes:
      key: random, one per study.
      port: where it listens.
      bell: readable whenever there is something to take from `visitors`, or `ring` was called.
    """

    def __init__(self, host: str, port: int = 0, timeout_seconds: float = 15.0) -> None:
        """Opens it.

        Args:
          host: the address to listen at, which slots must be able to reach.
          port: 0 for any.
          timeout_seconds: how long a slot may take for one message.
        """
        self.key = secrets.token_bytes(KEY_BYTES)
        self._timeout_seconds = timeout_seconds
        self._host = host
        self._listener = Listener((host, port), backlog=64)
        self.port = int(self._listener.address[1])
        self.bell, self._button = Pipe(duplex=False)
        self._visitors: queue.SimpleQueue[tuple[Connection, Hello]] = queue.SimpleQueue()
        self._is_open = True
        threading.Thread(target=self._listen, name="rliable-door", daemon=True).start()

    def ring(self) -> None:
        """Wakes whoever waits for the bell."""
        with contextlib.suppress(OSError):
            self._button.send_bytes(b"!")

    def visitors(self) -> list[tuple[Connection, Hello]]:
        """The slots that came in since the last call, with their greetings."""
        while self.bell.poll():
            self.bell.recv_bytes()
        came = []
        while not self._visitors.empty():
            came.append(self._visitors.get())
        return came

    def close(self) -> None:
        """Closes it; those who are in stay connected, those who wait to be let in are turned away."""
        self._is_open = False
        with contextlib.suppress(OSError):
            socket.create_connection((self._host, self.port), timeout=1).close()  # ends the wait in accept()
        self._listener.close()
        self._turn_away()

    def _turn_away(self) -> None:
        """Closes the connections that nobody will take any more, so that their slots end at once."""
        for connection, _ in self.visitors():
            connection.close()

    def _listen(self) -> None:
        while self._is_open:
            try:
                connection = self._listener.accept()
            except OSError:  # one connection's; or the system's, which needs time
                time.sleep(RETRY_SECONDS)
                continue
            threading.Thread(target=self._let_in, args=(connection,), name="rliable-handshake", daemon=True).start()

    def _let_in(self, connection: Connection) -> None:
        try:
            set_socket_options(connection, self._timeout_seconds)
            deliver_challenge(connection, self.key)
            answer_challenge(connection, self.key)
            greeting = unpack(connection.recv_bytes())
        except (AuthenticationError, EOFError, OSError, ValueError):
            connection.close()
            return
        if isinstance(greeting, Hello):
            self._visitors.put((connection, greeting))
            self.ring()
        if not self._is_open:  # it was closed in the meantime
            self._turn_away()


def connect(address: tuple[str, int], key: bytes) -> Connection:
    """Connects a slot to the driver's door.

    Raises:
      ConnectionError: the driver cannot be reached from here.
    """
    try:
        connection = Client(address, authkey=key)
    except OSError as error:
        host = socket.gethostname()
        raise ConnectionError(f"{host} cannot reach the driver at {address[0]}:{address[1]}: {error}") from error
    set_socket_options(connection)
    return connection


def set_socket_options(connection: Connection, timeout_seconds: float | None = None) -> None:
    """Sends small messages at once, notices vanished machines, and optionally never blocks for longer than a time."""
    with socket.socket(fileno=socket.dup(connection.fileno())) as own:
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in zip(("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"), KEEPALIVE, strict=True):
            if hasattr(socket, name):
                own.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        if timeout_seconds is not None:
            limit = struct.pack("ll", int(timeout_seconds), int(timeout_seconds % 1 * 1e6))
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
