"""The channel between the driver and its slots: how a slot is let in, over a socket that notices vanished machines."""

from __future__ import annotations

import contextlib
import resource
import secrets
import socket
import struct
import threading
import time
from multiprocessing.connection import Client, Connection, Pipe

from rliable.executors.slots.handshake import admit, introduce
from rliable.executors.slots.messages import Hello, unpack

KEY_BYTES = 32
#: How many may show the key at the same time, each on a thread of its own.
MAX_STRANGERS = 64
#: How long each of them may take when so many are there; a slot needs milliseconds.
CROWDED_SECONDS = 0.5
#: How many more may wait to be looked at.
BACKLOG = 512
#: How many files and connections the driver may have open, where the system lets it; a slot takes two.
MAX_DESCRIPTORS = 65_536
#: How long a greeting may be.
GREETING_BYTES = 10_000
#: How long a slot waits for what listens at the driver's address to prove that it is the driver.
PATIENCE_SECONDS = 60.0
#: How long the door listens before it looks whether it is to close, and rests where nobody can be let in.
ACCEPT_SECONDS = 0.2
PAUSE_SECONDS = 0.05
#: Seconds of silence after which the system asks whether the other machine still exists, between questions, and how
#: many go unanswered before the connection counts as broken.
KEEPALIVE = (15, 5, 3)


class Door:
    """Listens for slots and lets in those that know the study's key.

    Handshakes run on threads of their own, so that a stranger who connects and says nothing holds up nobody. One who
    takes too long is hung up on, however busily he talks; so there are never many.

    `visitors` is for one thread only; all else may be called from any.

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
          timeout_seconds: how long a slot may take to be let in, and later for one message.
        """
        allow_many_connections()
        self.key = secrets.token_bytes(KEY_BYTES)
        self.bell, self._button = Pipe(duplex=False)
        self._timeout_seconds = timeout_seconds
        self._server = socket.create_server((host, port), backlog=BACKLOG)
        self._server.settimeout(ACCEPT_SECONDS)
        self.port = int(self._server.getsockname()[1])
        self._lock = threading.Lock()
        self._is_open = True
        self._strangers: dict[Connection, float] = {}  # since when
        self._visitors: list[tuple[Connection, Hello]] = []
        threading.Thread(target=self._listen, name="rliable-door", daemon=True).start()

    def ring(self) -> None:
        """Wakes whoever waits for the bell."""
        with contextlib.suppress(OSError):
            self._button.send_bytes(b"!")

    def visitors(self) -> list[tuple[Connection, Hello]]:
        """The slots that came in since the last call, with their greetings."""
        while self.bell.poll():
            self.bell.recv_bytes()
        with self._lock:
            came, self._visitors = self._visitors, []
        return came

    def close(self) -> None:
        """Closes it; those who are in stay connected, those who wait to be let in are turned away."""
        with self._lock:
            self._is_open = False
            came, self._visitors = self._visitors, []
        for connection, _ in came:
            connection.close()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # ends the wait in accept()

    def _listen(self) -> None:
        """Gives each stranger a thread to show the key in, as long as there are not too many."""
        with self._server:
            while self._is_open:
                is_crowded = len(self._strangers) >= MAX_STRANGERS
                self._hang_up(CROWDED_SECONDS if is_crowded else self._timeout_seconds)
                if is_crowded:
                    time.sleep(PAUSE_SECONDS)
                else:
                    self._accept()
        self._hang_up(0.0)

    def _accept(self) -> None:
        """Waits a moment for a stranger."""
        try:
            peer, _ = self._server.accept()
        except TimeoutError:
            return
        except OSError:  # one connection's; or the system's, which needs time
            time.sleep(PAUSE_SECONDS)
            return
        connection = Connection(peer.detach())
        with self._lock:
            self._strangers[connection] = time.monotonic()
        threading.Thread(target=self._let_in, args=(connection,), name="rliable-handshake", daemon=True).start()

    def _let_in(self, connection: Connection) -> None:
        """Makes a stranger a visitor, if he knows the key."""
        greeting = None
        with contextlib.suppress(Exception):  # there is no end to what a stranger may say
            greeting = self._hear(connection)
        with self._lock:
            is_expected = self._strangers.pop(connection, None) is not None and self._is_open
            if greeting is None or not is_expected:
                connection.close()
                return
            self._visitors.append((connection, greeting))
        self.ring()

    def _hear(self, connection: Connection) -> Hello | None:
        """The greeting of a slot that knows the key; None or an exception for others."""
        set_socket_options(connection, self._timeout_seconds)
        admit(connection, self.key)
        greeting = unpack(connection.recv_bytes(GREETING_BYTES))
        return greeting if isinstance(greeting, Hello) else None

    def _hang_up(self, patience: float) -> None:
        """Ends the handshakes that take longer than so many seconds; their threads see the end and close."""
        with self._lock:
            now = time.monotonic()
            for connection in [known for known, since in self._strangers.items() if now - since >= patience]:
                del self._strangers[connection]
                with socket_of(connection) as peer, contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)


def allow_many_connections() -> None:
    """Lets this process have more open than the usual 1,024, as far as it may decide that itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(MAX_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def connect(address: tuple[str, int], key: bytes) -> Connection:
    """Connects a slot to the driver's door.

    Raises:
      ConnectionError: the driver cannot be reached from here.
      AuthenticationError: who listens there does not know the key.
    """
    try:
        connection = Client(address)
        with contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            set_socket_options(connection, PATIENCE_SECONDS)
            introduce(connection, key)
            set_socket_options(connection, 0.0)
            stack.pop_all()
    except OSError as error:
        host = socket.gethostname()
        raise ConnectionError(f"{host} cannot reach the driver at {address[0]}:{address[1]}: {error}") from error
    return connection


def set_socket_options(connection: Connection, timeout_seconds: float) -> None:
    """Sends small messages at once, notices vanished machines, and never blocks for longer than a time; 0 for any."""
    with socket_of(connection) as own:
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in zip(("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"), KEEPALIVE, strict=True):
            if hasattr(socket, name):
                own.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        limit = struct.pack("ll", int(timeout_seconds), int(timeout_seconds % 1 * 1e6))
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)


def socket_of(connection: Connection) -> socket.socket:
    """The socket of a connection, to be closed by the caller, which leaves the connection open."""
    return socket.socket(fileno=socket.dup(connection.fileno()))
