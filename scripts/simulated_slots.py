"""Slots that compute nothing: one process keeps the connections of all of them and says what slots say, in time."""

from __future__ import annotations

import contextlib
import dataclasses
import heapq
import itertools
import json
import random
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rliable.executors.base import Executor, ExecutorOptions
from rliable.executors.slots.channel import Door, connect
from rliable.executors.slots.child import slot_name
from rliable.executors.slots.frames import FRAME_BYTES, send
from rliable.executors.slots.messages import Beat, Hello, Message, Ready, Reported, Result, Stop, Train, pack, unpack
from rliable.executors.slots.pool import SlotPool
from rliable.executors.slots.supervisor import BEAT_SECONDS, MAX_STARTS, RETRY_SECONDS
from rliable.unit import OnReport, Unit, UnitResult, result_of

HOST = "127.0.0.1"
#: How many knock at the same time.
MOST_AT_ONCE = 1000
#: What they say of their machine, where they compute nothing.
MANY_CORES = 100_000
#: How long the slots may take to end.
END_SECONDS = 20.0
#: What they tell at their end, as `play` gives it.
TOLD = "slots.json"


class SimulatedSlots(Executor):
    """The real door, pool and channel, and a process that plays the slots; that leaves `TOLD` in the folder."""

    mode = "level 1"

    def __init__(self, options: ExecutorOptions) -> None:
        super().__init__(options)
        assert options.num_workers is not None and options.spool is not None
        self.num_slots = options.num_workers
        self._door = Door(HOST, timeout_seconds=options.heartbeat_timeout_seconds)
        self._pool = SlotPool(self._door, self, options)
        order = {"port": self._door.port, "key": self._door.key.hex(), "num_slots": self.num_slots}
        with (options.spool / TOLD).open("w") as told:
            self._players = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=told)
        assert self._players.stdin is not None
        self._players.stdin.write(json.dumps(order).encode())
        self._players.stdin.close()

    @property
    def can_drain(self) -> bool:
        return True

    def execute(self, units: Iterator[Unit], on_report: OnReport | None = None) -> Iterator[UnitResult]:
        yield from self._pool.execute(units, on_report, self.on_wait)

    def drain(self) -> None:
        self._pool.drain()

    def close(self) -> None:
        self._pool.close()
        self._players.wait(END_SECONDS)

    def problem(self) -> str | None:
        """As `SlotKeeper.problem`."""
        return None if self._players.poll() is None else "the process that plays the slots has ended"

    def restart(self, name: str) -> None:
        """As `SlotKeeper.restart`: these slots are never silent, so the driver has lost a heartbeat."""
        raise RuntimeError(f"no heartbeat from {name}")


@dataclasses.dataclass
class Player:
    """One slot.

    Attributes:
      channel: to the driver.
      name: of the slot.
      num_knocks: how often it had to knock before it was let in.
      since: when it began to work, or to wait for more work, monotonic seconds; None before its first unit.
      busy, idle: seconds that it has worked, and waited between a result and the next unit.
    """

    channel: Connection
    name: str
    num_knocks: int
    since: float | None = None
    busy: float = 0.0
    idle: float = 0.0

    def say(self, message: Message) -> None:
        """Sends, as long as the driver is there."""
        with contextlib.suppress(OSError):
            send(self.channel, pack(message))


class Stage:
    """Plays all slots in one thread, until the driver says stop."""

    def __init__(self, players: list[Player]) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()  # of equal times the first is first
        self._selector = selectors.DefaultSelector()
        self._started = self.last_came = time.monotonic()
        for player in players:
            self._selector.register(player.channel, selectors.EVENT_READ, player)
            self._later(random.random() * BEAT_SECONDS, partial(self._beat, player))

    def serve(self) -> None:
        """Plays."""
        while self._selector.get_map():
            for key, _ in self._selector.select(max(0.0, self._due[0][0] - time.monotonic())):
                self._hear(key.data)
            while self._due and self._due[0][0] <= time.monotonic():
                heapq.heappop(self._due)[2]()

    def _later(self, seconds: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), deed))

    def _beat(self, player: Player) -> None:
        player.say(Beat())
        self._later(BEAT_SECONDS, partial(self._beat, player))

    def _hear(self, player: Player) -> None:
        try:
            message = unpack(player.channel.recv_bytes(FRAME_BYTES))
        except (EOFError, OSError):
            message = Stop()
        if isinstance(message, Stop):
            self._selector.unregister(player.channel)
            player.channel.close()
        elif isinstance(message, Train):
            self._begin(player, message.unit)

    def _begin(self, player: Player, unit: Unit) -> None:
        """Begins a run that takes between a half and one and a half of `seconds`, with `num_reports` on the way."""
        now = time.monotonic()
        if player.since is None:
            self.last_came = now
        else:
            player.idle += now - player.since
        player.since = now
        params = unit.model.hp_params
        seconds, num_reports = params["seconds"] * random.Random(unit.seed).uniform(0.5, 1.5), params["num_reports"]
        for step in range(1, num_reports + 1) if seconds else ():
            self._later(seconds * step / (num_reports + 1), partial(player.say, Reported(*figures_of(params, step))))
        end = partial(self._end, player, unit, time.time())
        self._later(seconds, end) if seconds else end()

    def _end(self, player: Player, unit: Unit, started: float) -> None:
        now = time.monotonic()
        player.busy += now - (player.since or now)
        player.since = now
        params = unit.model.hp_params
        curve = [figures_of(params, step) for step in range(1, params["num_reports"] + 1)]
        told = {
            "metrics": {"score": params["a"]},
            "learning_curve": [{"step": step, **figures} for step, figures in curve],
        }
        player.say(Result(result_of(unit, player.name, started, told)))


def figures_of(params: dict[str, Any], step: int) -> tuple[int, dict[str, float]]:
    """What a run reports at a step."""
    return step, {"average_return": step * params["a"]}


def knock(address: tuple[str, int], key: bytes, number: int) -> Player:
    """A slot that has been let in, as soon as it is."""
    for count in range(1, MAX_STARTS + 1):
        try:
            channel = connect(address, key)
            channel.send_bytes(pack(Hello(slot_name(number), HOST)))
            channel.send_bytes(pack(Ready(cores=MANY_CORES)))
            return Player(channel, slot_name(number), count)
        except (OSError, EOFError, AuthenticationError):
            time.sleep(RETRY_SECONDS)
    raise RuntimeError(f"{slot_name(number)} was not let in")


def play(order: dict[str, Any]) -> dict[str, float]:
    """Plays slots that come as good as all at once.

    Args:
      order: the driver's port and key, and how many slots.

    Returns:
      The seconds that all together have worked and waited; how often one had to knock again; after how many seconds the
      last had its first unit.
    """
    started, count = time.monotonic(), order["num_slots"]
    with ThreadPoolExecutor(min(count, MOST_AT_ONCE)) as threads:
        enter = partial(knock, (HOST, order["port"]), bytes.fromhex(order["key"]))
        players = list(threads.map(enter, range(count)))
    stage = Stage(players)
    stage.serve()
    return {
        "busy": sum(player.busy for player in players),
        "idle": sum(player.idle for player in players),
        "num_repeated_knocks": sum(player.num_knocks - 1 for player in players),
        "all_began_after": stage.last_came - started,
    }


if __name__ == "__main__":
    print(json.dumps(play(json.loads(sys.stdin.read()))))
