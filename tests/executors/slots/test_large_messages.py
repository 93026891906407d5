"""Large messages between the driver and slots that this test plays itself, over the real channel."""

import contextlib
import threading

import pytest
from keeper import Keeper
from unit_makers import make_unit

from rliable.executors.base import ExecutorOptions
from rliable.executors.slots.channel import Door, connect
from rliable.executors.slots.frames import FRAME_BYTES, MORE, receive, send
from rliable.executors.slots.messages import CODES, Beat, Died, Hello, Kept, Ready, Result, Train, pack
from rliable.executors.slots.pool import SlotPool
from rliable.records.checkpoints import Checkpoints
from rliable.records.folders import StudyFolder
from rliable.unit import Limits, UnitResult

LARGE = bytes(range(256)) * 40_000  # ten frames


@pytest.fixture
def pool(tmp_path):
    """A pool, which keeps what comes in in this folder."""
    kept = Checkpoints(StudyFolder(tmp_path / "study"), "1")
    options = ExecutorOptions(heartbeat_timeout_seconds=3.0, checkpoints=kept, spool=tmp_path)
    made = SlotPool(Door("127.0.0.1"), Keeper(), options)
    yield made
    made.close()


@contextlib.contextmanager
def results_of(pool, units):
    """What comes of units, as far as it has come; all of it at the end."""
    results = []
    driver = threading.Thread(target=lambda: results.extend(pool.execute(iter(units))))
    driver.start()
    yield results
    driver.join(20)
    assert not driver.is_alive()


def enter(pool, number):
    """A slot's channel."""
    channel = connect(("127.0.0.1", pool._door.port), pool._door.key)
    channel.send_bytes(pack(Hello(f"slot {number}", "here")))
    channel.send_bytes(pack(Ready()))
    return channel


def result_of(unit, **facts):
    return Result(UnitResult(trial=unit.trial, run=unit.run, seed=unit.seed, metrics={"mse": 1.0}, **facts))


def test_large_results_of_several_slots_come_side_by_side_and_leave_no_file(pool, tmp_path):
    units = [make_unit("Plain", trial) for trial in range(3)]
    with results_of(pool, units) as results:
        slots = [enter(pool, number) for number in range(3)]
        given = [receive(slot).unit for slot in slots]
        messages = [pack(result_of(unit, files={"weights": LARGE + bytes([unit.trial])})) for unit in given]
        senders = [threading.Thread(target=send, args=pair) for pair in zip(slots, messages, strict=True)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

    assert {result.trial: bytes(result.files["weights"]) for result in results} == {
        trial: LARGE + bytes([trial]) for trial in range(3)
    }
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_is_too_large_ends_its_connection_and_the_run_goes_elsewhere(pool):
    with results_of(pool, [make_unit("Plain", 0)]) as results:
        first = enter(pool, 0)
        assert isinstance(receive(first), Train)
        with contextlib.suppress(OSError):
            first.send_bytes(b"x" * (FRAME_BYTES + 1))
        second = enter(pool, 1)
        send(second, pack(result_of(receive(second).unit)))

    assert [(result.error, result.attempts) for result in results] == [(None, 2)]


def test_a_slot_that_is_lost_in_the_midst_of_a_result_leaves_nothing_of_it(pool, tmp_path):
    with results_of(pool, [make_unit("Plain", 0)]) as results:
        first = enter(pool, 0)
        assert isinstance(receive(first), Train)
        first.send_bytes(bytes([CODES[Result][0] | MORE]) + LARGE[: FRAME_BYTES - 1])
        first.close()
        second = enter(pool, 1)
        send(second, pack(result_of(receive(second).unit)))

    assert [(result.error, result.files, result.attempts) for result in results] == [(None, {}, 2)]
    assert list(tmp_path.iterdir()) == []


def test_a_run_goes_on_from_a_large_checkpoint_after_its_process_has_died_in_the_midst_of_the_next(pool):
    with results_of(pool, [make_unit("Plain", 0, Limits(max_attempts=2))]) as results:
        slot = enter(pool, 0)
        assert receive(slot).checkpoint is None
        send(slot, pack(Kept({"state": LARGE})))
        slot.send_bytes(bytes([CODES[Kept][0] | MORE]) + b"\x81")
        send(slot, pack(Beat()))
        send(slot, pack(Died("worker process died (SIGKILL)", False, 1, "")))
        again = receive(slot)
        assert again.checkpoint["state"] == LARGE
        send(slot, pack(result_of(again.unit)))

    assert [(result.error, result.attempts) for result in results] == [(None, 2)]
