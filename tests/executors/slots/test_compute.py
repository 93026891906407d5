"""The computing process, with this test in the supervisor's place."""

import json
import threading
import time
from pathlib import Path

import pytest
from unit_makers import make_unit

from rliable.executors.slots.child import ComputeProcess, SlotSettings
from rliable.executors.slots.compute import has_children
from rliable.executors.slots.messages import (
    Assist,
    Assisted,
    Began,
    Invite,
    Play,
    Played,
    Ready,
    Refused,
    Reported,
    Result,
    Train,
    pack,
    unpack,
)

TRAINED = {"policy.json": b'{"weight": 1.0}'}


@pytest.fixture
def start(tmp_path):
    """Starts a process that has imported a model."""
    processes = []

    def begin(name):
        settings = SlotSettings(("127.0.0.1", 0), b"", level=2, class_names=(f"user_models:{name}",))
        processes.append(ComputeProcess(settings, "slot 0", tmp_path / "log.txt"))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()


def hear(process, kind):
    """What it says until, and half a second after, a message of a kind."""
    said = []
    while process.channel.poll(0.5 if kind in map(type, said) else 30):
        said.append(unpack(process.channel.recv_bytes()))
    return said


def play(process, **params):
    """What it says to a slice of another slot's run."""
    process.channel.send_bytes(pack(Play(make_unit("Walker", **params), 1, (0, 5), TRAINED)))
    said = hear(process, Refused if params.get("helper_raises") else Played)
    return [message for message in said if not isinstance(message, Ready)]


def start_threads_until(deadline):
    """Starts short threads, many at a time."""
    while time.monotonic() < deadline:
        for _ in range(20):
            threading.Thread(target=time.sleep, args=(0.001,)).start()
        time.sleep(0.002)


@pytest.mark.parametrize("error", ["CancelledError", "GeneratorExit", "SystemExit", "ValueError"])
def test_whatever_a_helper_raises_is_a_refusal_and_the_process_goes_on(start, error):
    process = start("Walker")

    began, refused = play(process, helper_raises=error)

    assert isinstance(began, Began)
    assert refused.error == error
    assert "in misbehave" in refused.traceback
    assert [type(message) for message in play(process)] == [Began, Played]


def test_orders_for_another_run_are_carried_out_one_after_another_and_then_one_of_its_own(start):
    process = start("Squares")
    unit = make_unit("Squares", helper_raises=None)

    for numbers in ((0, 3), (3, 5)):
        process.channel.send_bytes(pack(Assist(unit, 1, json.dumps(numbers).encode())))
    process.channel.send_bytes(pack(Train(unit)))

    said = [message for message in hear(process, Result) if not isinstance(message, Reported)]
    assert said[1:-1] == [Began(), Assisted(b"[0, 1, 4]"), Began(), Assisted(b"[9, 16]"), Began(), Invite()]
    assert said[-1].result.error is None


def test_a_run_begins_in_the_folder_of_its_process_whatever_was_done_there_for_another(start, tmp_path):
    process = start("Squares")
    helped = make_unit("Squares", deed="change_folder", folder=str(tmp_path))

    process.channel.send_bytes(pack(Assist(helped, 1, b"[0, 3]")))
    process.channel.send_bytes(pack(Train(make_unit("Plain", 1, deed="tell_folder"))))

    said = hear(process, Result)
    assert Assisted(b"[0, 1, 4]") in said
    assert said[-1].result.learning_curve[0] == {"step": 0, "is_here": 1.0}


@pytest.mark.parametrize("place", ["run_episodes", "load_model"])
def test_a_child_that_is_forked_while_a_slice_is_played_does_not_become_a_second_helper(start, place):
    process = start("Walker")

    assert [type(message) for message in play(process, forks_in=place)] == [Began, Played]


def test_a_child_that_is_forked_while_libraries_are_imported_does_not_become_a_second_worker(start):
    process = start("ForkingImport")

    process.channel.send_bytes(pack(Train(make_unit("ForkingImport"))))

    assert [type(message) for message in hear(process, Result)] == [Ready, Began, Reported, Result]


def test_a_model_that_wants_to_exit_while_it_imports_does_not_end_the_process(start):
    process = start("ExitingImport")

    process.channel.send_bytes(pack(Train(make_unit("ExitingImport"))))

    *_, result = hear(process, Result)
    assert result.result.error is None


def test_a_run_is_kept_when_the_folder_that_the_process_came_from_is_gone(start, tmp_path, monkeypatch):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(home)
    process = start("Plain")
    (ready,) = hear(process, Ready)
    assert ready.problem is None
    home.rmdir()

    process.channel.send_bytes(pack(Train(make_unit("Plain", deed="change_folder", folder=str(elsewhere)))))

    *_, result = hear(process, Result)
    assert result.result.error is None
    assert str(Path(f"/proc/{process.pid}/cwd").readlink()) == f"{home} (deleted)"


def test_a_thread_that_ends_while_children_are_looked_for_disturbs_nothing():
    deadline = time.monotonic() + 1
    churn = threading.Thread(target=start_threads_until, args=(deadline,))
    churn.start()

    answers = set()
    while time.monotonic() < deadline:
        answers.add(has_children())

    churn.join()
    assert answers <= {True, False}
