"""When searches worked on a study."""

import dataclasses

import pytest

from rliable.executors.base import ExecutorOptions
from rliable.executors.in_process import InProcessExecutor
from rliable.tuning.sessions import Session, SessionClock, utilisation, with_ends, worked_seconds
from rliable.unit import RunRecord


def session(started, seconds=None, slot_seconds=0.0, num_slots=1):
    finished = None if seconds is None else started + seconds
    return Session(started, "serial", num_slots, num_slots, finished, seconds or 0.0, slot_seconds)


def run(started, finished, slot="0"):
    return RunRecord(started=started, finished=finished, slot=slot)


def test_pauses_do_not_count():
    sessions = [session(0.0, 10.0, 8.0), session(1000.0, 10.0, 7.0)]
    assert worked_seconds(sessions) == 20.0
    assert utilisation(sessions) == pytest.approx(0.75)


def test_slots_weigh_as_long_as_they_were_there():
    assert utilisation([session(0.0, 10.0, 10.0), session(50.0, 10.0, 20.0, 4)]) == pytest.approx(30 / 50)


def test_without_any_time_nothing_is_known_of_utilisation():
    assert utilisation([]) is utilisation([session(0.0, 0.0)]) is None


def test_a_killed_session_ends_with_its_last_run():
    runs = [run(1.0, 4.0), run(102.0, 105.0, "0"), run(103.0, 109.0, "1")]
    first, killed = with_ends([session(0.0, 5.0, 3.0), session(100.0, num_slots=8)], runs)
    assert first == session(0.0, 5.0, 3.0)
    assert (killed.finished, killed.seconds, killed.slot_seconds) == (109.0, 9.0, 9.0)
    assert (killed.num_slots, killed.num_started_slots) == (8, 2)


def test_a_session_killed_before_its_first_run_took_no_time():
    (killed,) = with_ends([session(100.0)], [])
    assert (killed.finished, killed.seconds) == (100.0, 0.0)


def test_version_0_1_wrote_no_sessions():
    (only,) = with_ends([], [run(3.0, 4.0), run(1.0, 2.0)])
    assert (only.started, only.finished, only.seconds, only.slot_seconds) == (1.0, 4.0, 3.0, 2.0)
    assert with_ends([], []) == []


class LateExecutor(InProcessExecutor):
    num_slots = 4
    num_started_slots = 1
    hosts = {"node1": 1}


def test_slots_that_never_came_do_not_count():
    clock = SessionClock(LateExecutor(ExecutorOptions()))
    clock.add(2.0)
    ended = clock.ended()
    assert (ended.num_slots, ended.num_started_slots, ended.slot_seconds) == (4, 1, 2.0)
    assert utilisation([dataclasses.replace(ended, finished=10.0, seconds=10.0)]) == pytest.approx(0.2)


def test_an_executor_has_started_all_its_slots_unless_it_says_otherwise():
    assert InProcessExecutor(ExecutorOptions()).num_started_slots == 1
