"""What the tuner may expect of every executor, whatever its kind."""

import time

import pytest
from unit_makers import all_facts, make_options, make_unit, make_units

from rliable.executors import EXECUTORS, make_executor
from rliable.executors.base import Executor
from rliable.executors.worker import run_unit

#: What an executor needs besides what the search does.
MARKS = {"spark": pytest.mark.spark}


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in sorted(EXECUTORS)])
def executor(request, tmp_path):
    made = make_executor(request.param, make_options("Walker", num_workers=2, log_path=tmp_path / "log.txt"))
    yield made
    made.close()
    made.close()


def test_results_are_those_of_the_units_run_by_hand(executor):
    units = make_units("Walker", 5)

    results = all_facts(executor.execute(iter(units)))

    assert isinstance(executor, Executor)
    assert results == all_facts(run_unit(unit, "here") for unit in units)


def test_a_failed_unit_is_a_result_like_any_other(executor):
    units = [make_unit("Walker", 0, bad_episode=3), make_unit("Walker", 1)]

    failed, fine = sorted(executor.execute(iter(units)), key=lambda result: result.trial)

    assert failed.error == "RuntimeError: episode 3 is broken"
    assert (fine.error, fine.attempts) == (None, 1)
    assert executor.mode and executor.num_slots >= 1
    assert 0 < fine.slot_seconds <= fine.finished - fine.started + 1e-3


def test_it_can_be_left_at_any_moment(executor):
    results = executor.execute(iter(make_units("Walker", 50, train_seconds=0.2)))
    next(results)
    started = time.monotonic()

    results.close()
    executor.close()

    assert time.monotonic() - started < 6


def test_a_unit_that_follows_from_results_is_begun_when_they_are_there(executor):
    done = []

    def units():
        yield make_unit("Walker", 0)
        while not done:
            yield None
        yield make_unit("Walker", 1)

    for result in executor.execute(units()):
        done.append(result.trial)

    assert done == [0, 1]


def test_an_error_in_the_units_reaches_the_caller(executor):
    def units():
        yield make_unit("Walker", 0)
        raise LookupError("no more")

    with pytest.raises(LookupError):
        list(executor.execute(units()))
