import socket
import time
from multiprocessing import AuthenticationError

import pytest
from waiting import wait_until

from rliable.executors.slots.channel import Door, connect
from rliable.executors.slots.messages import Hello, pack


@pytest.fixture
def door():
    opened = Door("127.0.0.1")
    yield opened
    opened.close()


def wait_for_visitors(door):
    assert door.bell.poll(5)
    return door.visitors()


def test_a_slot_that_knows_the_key_is_let_in_with_its_greeting(door):
    slot = connect(("127.0.0.1", door.port), door.key)
    slot.send_bytes(pack(Hello("slot 3", 1, "here")))

    ((channel, greeting),) = wait_for_visitors(door)

    assert greeting.slot == "slot 3"
    channel.send_bytes(b"hello")
    assert slot.recv_bytes() == b"hello"


def test_a_slot_with_another_key_is_turned_away(door):
    with pytest.raises((AuthenticationError, EOFError, ConnectionError)):
        connect(("127.0.0.1", door.port), b"x" * 32)

    time.sleep(0.1)
    assert door.visitors() == []


def test_a_stranger_who_says_nothing_holds_up_nobody(door):
    strangers = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(5)]
    slot = connect(("127.0.0.1", door.port), door.key)
    slot.send_bytes(pack(Hello("slot 0", 1, "here")))

    assert len(wait_for_visitors(door)) == 1
    for stranger in strangers:
        stranger.close()


def test_a_slot_that_does_not_read_cannot_block_the_driver():
    door = Door("127.0.0.1", timeout_seconds=0.3)
    slot = connect(("127.0.0.1", door.port), door.key)
    slot.send_bytes(pack(Hello("slot 0", 1, "here")))
    ((channel, _),) = wait_for_visitors(door)
    started = time.monotonic()

    with pytest.raises(OSError):
        channel.send_bytes(b"x" * 50_000_000)

    assert time.monotonic() - started < 5
    slot.close()
    door.close()


def test_a_closed_door_is_closed(door):
    door.close()

    def is_refused():
        try:
            connect(("127.0.0.1", door.port), door.key).close()
        except (OSError, EOFError):
            return True
        return False

    wait_until(is_refused, 3)


@pytest.mark.parametrize("greets_before", [True, False])
def test_a_slot_that_nobody_has_let_in_is_turned_away_when_the_door_closes(door, greets_before):
    slot = connect(("127.0.0.1", door.port), door.key)
    if greets_before:
        slot.send_bytes(pack(Hello("slot 0", 1, "here")))
        assert door.bell.poll(5)
    door.close()
    if not greets_before:
        slot.send_bytes(pack(Hello("slot 0", 1, "here")))

    assert slot.poll(5)
    with pytest.raises((EOFError, ConnectionError)):
        slot.recv_bytes()


def test_who_cannot_reach_the_driver_says_where_it_tried(door):
    port = door.port
    door.close()
    time.sleep(0.1)

    with pytest.raises(ConnectionError, match=f"cannot reach the driver at 127.0.0.1:{port}"):
        connect(("127.0.0.1", port), door.key)
