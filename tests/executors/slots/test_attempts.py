"""A helper plays the model of the attempt that it was asked for, also when it has an earlier attempt's at hand."""

import json
from multiprocessing import Pipe

import pytest
from unit_makers import make_unit

from rliable.executors.slots.child import ComputeProcess, SlotSettings
from rliable.executors.slots.leases import Lease
from rliable.executors.slots.messages import Began, Play, Played, Ready, Refused, pack, unpack
from rliable.executors.slots.pool import Slot


def model(weight):
    """The files of a trained Walker."""
    return {"policy.json": json.dumps({"weight": weight}).encode()}


def test_the_files_of_another_attempt_are_sent_again():
    driver, supervisor = Pipe()
    slot = Slot("slot 1", driver, "here", seen=0.0)

    for attempt in (1, 1, 2):
        slot.give(Lease(make_unit("Walker"), attempt, range(2)), model(attempt))

    assert [unpack(supervisor.recv_bytes()).files for _ in range(3)] == [model(1), None, model(2)]


@pytest.fixture
def play(tmp_path):
    """Has a real computing process play two episodes, and gives its answer."""
    process = ComputeProcess(SlotSettings(("", 0), b"", 2), "slot 1", tmp_path / "log.txt")
    assert isinstance(unpack(process.channel.recv_bytes()), Ready)

    def order(attempt, files):
        process.channel.send_bytes(pack(Play(make_unit("Walker"), attempt, (0, 2), files)))
        answer = unpack(process.channel.recv_bytes())
        return unpack(process.channel.recv_bytes()) if isinstance(answer, Began) else answer

    yield order
    process.kill()


def test_a_process_that_has_an_earlier_attempts_model_plays_the_new_one(play):
    first, again, second = play(1, model(0.0)), play(1, None), play(2, model(1000.0))

    assert all(isinstance(answer, Played) for answer in (first, again, second))
    assert first.played.returns == again.played.returns
    assert second.played.returns[0] - first.played.returns[0] == pytest.approx(1000.0)


def test_a_process_that_has_only_an_earlier_attempts_model_asks_for_the_new_one(play):
    play(1, model(0.0))

    assert play(2, None) == Refused()
