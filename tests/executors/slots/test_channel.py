import contextlib
import itertools
import socket
import subprocess
import sys
import threading
import time
from multiprocessing import AuthenticationError

import psutil
import pytest
from waiting import wait_until

from rliable.executors.slots import channel
from rliable.executors.slots.channel import Door, connect
from rliable.executors.slots.handshake import NONCE_BYTES
from rliable.executors.slots.messages import Hello, Stop, pack

#: The beginning of an answer of 64 bytes, to be followed by one at a time.
HEADER = b"\0\0\0\x40"


@pytest.fixture
def door():
    opened = Door("127.0.0.1")
    yield opened
    opened.close()


def wait_for_visitors(door):
    assert door.bell.poll(5)
    return door.visitors()


def knock(door, name):
    """Connects a slot and says its name."""
    slot = connect(("127.0.0.1", door.port), door.key)
    slot.send_bytes(pack(Hello(name, "here")))
    return slot


def door_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("rliable-")]


@contextlib.contextmanager
def dripping_strangers(door, count):
    """Connects strangers who say one byte after another, without end."""
    strangers = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(count)]
    is_over = threading.Event()
    talk = threading.Thread(target=drip, args=(strangers, is_over), daemon=True)
    talk.start()
    yield strangers
    is_over.set()
    talk.join()
    for stranger in strangers:
        stranger.close()


def drip(strangers, is_over):
    for text in itertools.chain(HEADER, itertools.repeat(0)):
        for stranger in strangers:
            with contextlib.suppress(OSError):
                stranger.send(bytes([text]))
        if is_over.wait(0.1):
            return


def num_descriptors():
    return psutil.Process().num_fds()


def dawdle(frame, event, argument):
    """Pauses at every line of the channel's code; for `threading.settrace`."""
    if frame.f_code.co_filename != channel.__file__:
        return None
    time.sleep(0.002)
    return dawdle


def test_a_slot_that_knows_the_key_is_let_in_with_its_greeting(door):
    slot = knock(door, "slot 3")

    ((connection, greeting),) = wait_for_visitors(door)

    assert greeting.slot == "slot 3"
    connection.send_bytes(b"hello")
    assert slot.recv_bytes() == b"hello"


def test_a_slot_with_another_key_is_turned_away(door):
    with pytest.raises((AuthenticationError, EOFError, ConnectionError)):
        connect(("127.0.0.1", door.port), b"x" * 32)

    time.sleep(0.1)
    assert door.visitors() == []


def test_a_stranger_who_says_nothing_holds_up_nobody(door):
    strangers = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(5)]
    _slot = knock(door, "slot 0")

    assert len(wait_for_visitors(door)) == 1
    for stranger in strangers:
        stranger.close()


def test_a_slot_gets_in_past_300_strangers_who_never_finish_a_sentence(door):
    before, seen = num_descriptors(), []
    with dripping_strangers(door, 300) as strangers:
        threading.Thread(target=knock, args=(door, "slot 0"), daemon=True).start()
        while not seen or not door.bell.poll(0.01):
            seen.append((len(door_threads()), num_descriptors() - before - len(strangers)))
        ((_, greeting),) = door.visitors()
        seen.append((len(door_threads()), num_descriptors() - before - len(strangers)))

        assert greeting.slot == "slot 0"
        assert max(max(threads, descriptors) for threads, descriptors in seen) < 100


def test_a_stranger_who_talks_all_the_time_is_cut_off_when_his_time_is_over():
    wait_until(lambda: not door_threads())  # those of other tests
    door, before = Door("127.0.0.1", timeout_seconds=0.5), num_descriptors()
    with dripping_strangers(door, 1) as (stranger,):
        wait_until(lambda: len(door_threads()) == 2)
        stranger.settimeout(3)
        challenge = stranger.recv(100)

        assert challenge
        assert stranger.recv(100) == b""
        wait_until(lambda: len(door_threads()) == 1)
    assert num_descriptors() == before
    door.close()


def test_slots_that_come_while_the_door_closes_hold_up_nobody(door):
    threading.settrace(dawdle)
    slots = [connect(("127.0.0.1", door.port), door.key) for _ in range(8)]
    closing = threading.Thread(target=door.close, daemon=True)
    closing.start()
    for slot in slots:
        slot.send_bytes(pack(Hello("slot 0", "here")))
    threading.settrace(None)

    closing.join(5)

    assert not closing.is_alive()
    wait_until(lambda: not door_threads(), 5)


def test_a_slot_that_does_not_read_cannot_block_the_driver():
    door = Door("127.0.0.1", timeout_seconds=0.3)
    slot = knock(door, "slot 0")
    ((connection, _),) = wait_for_visitors(door)
    started = time.monotonic()

    with pytest.raises(OSError):
        connection.send_bytes(b"x" * 50_000_000)

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
        slot.send_bytes(pack(Hello("slot 0", "here")))
        assert door.bell.poll(5)
    door.close()
    if not greets_before:
        slot.send_bytes(pack(Hello("slot 0", "here")))

    assert slot.poll(5)
    with pytest.raises((EOFError, ConnectionError)):
        slot.recv_bytes()


def test_who_cannot_reach_the_driver_says_where_it_tried(door):
    port = door.port
    door.close()
    time.sleep(0.1)

    with pytest.raises(ConnectionError, match=f"cannot reach the driver at 127.0.0.1:{port}"):
        connect(("127.0.0.1", port), door.key)


@pytest.mark.parametrize(
    "words",
    [b"", b"x" * 64, b"\0" * 63, b"x" * 65, b"GET / HTTP/1.1\r\n\r\n", b"x" * 5_000_000],
    ids=["nothing", "a wrong proof", "too little", "too much", "a browser", "a flood"],
)
def test_a_stranger_who_says_something_else_is_turned_away_and_a_slot_still_gets_in(door, words):
    stranger = socket.create_connection(("127.0.0.1", door.port))
    stranger.settimeout(5)
    assert len(stranger.recv(4 + NONCE_BYTES, socket.MSG_WAITALL)) == 4 + NONCE_BYTES
    with contextlib.suppress(OSError):
        stranger.sendall(len(words).to_bytes(4, "big") + words)
    with contextlib.suppress(ConnectionError):
        assert stranger.recv(100) == b""

    slot = knock(door, "slot 0")

    ((_, greeting),) = wait_for_visitors(door)
    assert greeting.slot == "slot 0"
    slot.close()


def test_the_length_of_a_strangers_answer_is_looked_at_before_any_of_it_is_read(door):
    stranger = socket.create_connection(("127.0.0.1", door.port))
    stranger.settimeout(5)
    stranger.recv(4 + NONCE_BYTES, socket.MSG_WAITALL)
    stranger.sendall(b"\xff\xff\xff\xff" + (2**62).to_bytes(8, "big"))  # four exabytes to come
    assert stranger.recv(100) == b""


def test_a_slot_that_knows_the_key_and_greets_with_something_else_is_turned_away(door):
    slot = connect(("127.0.0.1", door.port), door.key)
    slot.send_bytes(pack(Stop()))
    with pytest.raises((EOFError, ConnectionError)):
        slot.recv_bytes()
    assert door.visitors() == []


def test_what_the_driver_says_of_the_key_does_not_let_anybody_in(door):
    """One stranger has the driver's own words answered by another connection to it."""
    one, other = (socket.create_connection(("127.0.0.1", door.port)) for _ in range(2))
    asked = one.recv(4 + NONCE_BYTES, socket.MSG_WAITALL)
    other.recv(4 + NONCE_BYTES, socket.MSG_WAITALL)
    other.sendall((2 * NONCE_BYTES).to_bytes(4, "big") + asked[4:] + asked[4:])
    other.settimeout(5)
    with contextlib.suppress(ConnectionError):
        assert other.recv(100) == b""
    one.close()


def test_a_slot_does_not_speak_to_who_listens_at_the_drivers_address_without_the_key():
    false_driver, key = Door("127.0.0.1"), b"k" * 32
    with pytest.raises((AuthenticationError, EOFError, ConnectionError)):
        connect(("127.0.0.1", false_driver.port), key)
    false_driver.close()


def test_a_slot_gives_up_a_driver_that_never_answers(monkeypatch):
    monkeypatch.setattr(channel, "PATIENCE_SECONDS", 0.3)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(ConnectionError, match="cannot reach the driver"):
        connect(("127.0.0.1", silent.getsockname()[1]), b"k" * 32)


def test_every_door_has_a_key_of_its_own_and_listens_at_one_address(door):
    other = Door("127.0.0.1")
    assert len(door.key) == 32 and door.key != other.key
    listens = [entry for entry in psutil.Process().net_connections("inet") if entry.status == psutil.CONN_LISTEN]
    assert {entry.laddr.ip for entry in listens if entry.laddr.port in (door.port, other.port)} == {"127.0.0.1"}
    other.close()


#: Many slots at the door of a driver that may at first have few files open.
CROWD = """
import resource
from rliable.executors.slots.channel import Door, connect
from rliable.executors.slots.messages import Hello, pack
resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
door, slots, visitors = Door("127.0.0.1"), [], []
for number in range(150):
    slots.append(connect(("127.0.0.1", door.port), door.key))
    slots[-1].send_bytes(pack(Hello(f"slot {number}", "here")))
while len(visitors) < 150 and door.bell.poll(10):
    visitors += door.visitors()
print(len(visitors))
"""


def test_more_slots_come_in_than_a_process_may_usually_have_files_open():
    done = subprocess.run([sys.executable, "-c", CROWD], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("150\n", "")
