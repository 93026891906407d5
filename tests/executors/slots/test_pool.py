"""The driver's loop against slots that this test plays itself, over the real channel."""

import threading

import pytest
from keeper import Keeper
from unit_makers import make_unit

from rliable.executors.base import ExecutorOptions
from rliable.executors.slots.channel import Door, connect
from rliable.executors.slots.messages import (
    Answered,
    Assisted,
    Await,
    Delegate,
    Delivered,
    Hello,
    Invite,
    Joined,
    Offer,
    Played,
    Ready,
    Refused,
    Reported,
    Result,
    Train,
    pack,
    unpack,
)
from rliable.executors.slots.pool import SlotPool
from rliable.folder_files import unsafe_names
from rliable.unit import Answer, Limits, PlayedSlice, UnitResult


@pytest.fixture
def door():
    opened = Door("127.0.0.1")
    yield opened
    opened.close()


def play_slot(door, messages, heard):
    """A slot that says its messages when it is given a unit, and is lost when it has none."""
    channel = connect(("127.0.0.1", door.port), door.key)
    channel.send_bytes(pack(Hello("slot 0", "far away")))
    channel.send_bytes(pack(Ready()))
    assert isinstance(unpack(channel.recv_bytes()), Train)
    for message in messages:
        channel.send_bytes(pack(message))
        if isinstance(message, Reported):
            heard.append(unpack(channel.recv_bytes()))
    if messages:
        channel.recv_bytes()  # until the driver ends
    channel.close()


def leave_at_once(door):
    """A slot that is gone when it is given a unit."""
    channel = connect(("127.0.0.1", door.port), door.key)
    channel.send_bytes(pack(Hello("slot 0", "far away")))
    channel.send_bytes(pack(Ready()))
    channel.recv_bytes()
    channel.close()


def run(door, messages, on_report=None):
    """What comes of one unit on such a slot, and what the slot hears."""
    heard = []
    slot = threading.Thread(target=play_slot, args=(door, messages, heard))
    slot.start()
    pool = SlotPool(door, Keeper(), ExecutorOptions())
    result = next(pool.execute(iter([make_unit("Plain", limits=Limits(max_attempts=1))]), on_report))
    pool.close()
    slot.join(5)
    return result, heard, pool


def result_with(**files):
    return Result(UnitResult(trial=0, run=0, seed=1, metrics={"mse": 1.0}, files=files))


@pytest.mark.parametrize("name", ["../../x", "/abs", "a/../../x", "..", "", "a\0b", "n" * 256, "d/" * 1500 + "x"])
def test_a_file_that_would_lie_outside_its_folder_fails_the_run(door, name):
    result, _, _ = run(door, [result_with(**{name: b"bad", "good": b""})])

    assert result.error == f"the worker sent a file named {name!r:.80}"
    assert (result.files, result.metrics) == ({}, None)


def test_names_below_the_folder_are_fine():
    assert unsafe_names(["a", "b/b.c", "..a", "a..b/c", "...", "C:\\x", "a b", "é/ü"]) == []


def test_a_name_cannot_be_a_file_and_a_folder():
    assert unsafe_names(["a", "a/b", "c"]) == ["a"]


def test_a_report_is_passed_on_with_its_run_and_answered(door):
    reports = []

    def listen(report):
        reports.append(report)
        return Answer.STOP if report.step == 2 else Answer.GO_ON

    result, heard, _ = run(door, [Reported(1, {"a": 0.5}), Reported(2, {}), result_with()], listen)

    assert [(report.trial, report.slot, report.step, report.figures) for report in reports] == [
        (0, "slot 0", 1, {"a": 0.5}),
        (0, "slot 0", 2, {}),
    ]
    assert heard == [Answered(Answer.GO_ON), Answered(Answer.STOP)]
    assert result.error is None


def test_the_failure_of_a_run_whose_slot_was_lost_without_a_word_names_no_process(door):
    pool = SlotPool(door, Keeper(), ExecutorOptions())
    results = pool.execute(iter([make_unit("Plain", 0, Limits(max_attempts=1))]))
    slot = threading.Thread(target=leave_at_once, args=(door,))
    slot.start()

    result = next(results)

    assert result.error == "the connection to slot 0 broke"
    assert (result.pid, result.host) == (0, "far away")
    pool.close()
    slot.join(5)


def test_the_pool_knows_the_machine_of_each_slot_that_came(door):
    *_, pool = run(door, [result_with()])

    assert pool.hosts == {"slot 0": "far away"}


def enter(door, number):
    """A slot's channel, once the driver knows it."""
    channel = connect(("127.0.0.1", door.port), door.key)
    channel.send_bytes(pack(Hello(f"slot {number}", "here")))
    channel.send_bytes(pack(Ready()))
    return channel


def say(channel, *messages):
    for message in messages:
        channel.send_bytes(pack(message))


def hear(channel):
    assert channel.poll(10)
    return unpack(channel.recv_bytes())


def test_a_helper_that_leaves_for_a_run_of_its_own_and_comes_back_helps_again(door):
    pool, results = SlotPool(door, Keeper(), ExecutorOptions()), []
    units = [make_unit("Plain", 0), make_unit("Plain", 1)]
    driver = threading.Thread(target=lambda: results.extend(pool.execute(iter(units))))
    driver.start()
    trainer = enter(door, 0)
    assert hear(trainer).unit.trial == 0
    other = enter(door, 1)
    assert hear(other).unit.trial == 1
    say(trainer, Invite())
    helper = enter(door, 2)
    assert hear(trainer) == Joined("slot 2")
    other.close()
    assert hear(helper).unit.trial == 1  # what the lost slot held comes first
    say(trainer, Delegate("slot 2", b"order"))
    say(helper, Result(UnitResult(trial=1, run=0, seed=1, metrics={})))
    assert hear(trainer) == Joined("slot 2")
    say(trainer, Await("slot 2"))
    assert [hear(trainer), hear(trainer)] == [Delivered("slot 2", None), Joined("slot 2")]
    say(trainer, Delegate("slot 2", b"order"), Await("slot 2"))
    assert hear(helper).order == b"order"
    say(helper, Assisted(b"answer"))
    assert hear(trainer) == Delivered("slot 2", b"answer")
    say(trainer, Result(UnitResult(trial=0, run=0, seed=0, metrics={})))
    driver.join(10)
    pool.close()
    assert sorted(result.trial for result in results) == [0, 1]


class Restarting:
    """A keeper of slots that notes which it is to start again."""

    def __init__(self):
        self.restarted = []

    def problem(self):
        return None

    def restart(self, name):
        self.restarted.append(name)


def come_and_say(door, *frames):
    """A slot that says some frames whatever it is told; gives its channel."""
    channel = connect(("127.0.0.1", door.port), door.key)
    for frame in (pack(Hello("slot 0", "far away")), pack(Ready()), *frames):
        channel.send_bytes(frame)
    return channel


#: What no slot says that has been given the first run of trial 0.
NONSENSE = {
    "nothing": b"",
    "an unknown kind": b"\x7f",
    "a kind without its content": pack(result_with())[:1],
    "half a result": pack(result_with())[:-3],
    "a pickle": pack(result_with())[:1] + b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix",
    "the result of another run": pack(Result(UnitResult(trial=7, run=0, seed=1))),
    "a slice that it was not given": pack(Played(PlayedSlice(0, 1, "slot 0", 1, "", [1.0]))),
    "too many episodes": pack(Offer([(0, 10**18)], {})),
    "episodes that end before they begin": pack(Offer([(3, 0)], {})),
    "an answer to no order": pack(Assisted(b"")),
    "that it is ready, in the midst of a run": pack(Ready()),
    "a refusal of its own run": pack(Refused()),
}


@pytest.mark.parametrize("frame", NONSENSE.values(), ids=NONSENSE)
def test_a_slot_that_talks_nonsense_is_lost_and_the_search_goes_on(door, frame):
    keeper = Restarting()
    pool = SlotPool(door, keeper, ExecutorOptions())
    results = pool.execute(iter([make_unit("Plain", 0, Limits(max_attempts=1)), make_unit("Plain", 1)]))
    broken = come_and_say(door, frame)

    failed = next(results)
    assert failed.error.startswith("slot 0 said ")
    assert keeper.restarted == ["slot 0"]

    whole = come_and_say(door)
    answer = threading.Thread(target=lambda: (whole.recv_bytes(), whole.send_bytes(pack(result_of_trial(1)))))
    answer.start()
    assert (next(results).trial, broken.closed) == (1, False)
    answer.join(5)
    pool.close()


def result_of_trial(number):
    return Result(UnitResult(trial=number, run=0, seed=1, metrics={"mse": 1.0}))


def test_a_run_that_waits_for_nobody_waits_in_vain(door):
    result, _, _ = run(door, [Await("slot 7"), result_with()])
    assert result.error is None
