import signal
import sys
import threading
import time

import pytest
from unit_makers import make_unit, make_units

from rliable.executors import ExecutorOptions, make_executor
from rliable.unit import Limits


@pytest.fixture
def executor():
    made = make_executor("serial", ExecutorOptions())
    yield made
    made.close()
    made.close()


def run_one(executor, unit):
    (result,) = executor.execute(iter([unit]))
    return result


def test_each_unit_is_drawn_when_the_one_before_has_been_seen(executor):
    seen = []
    units = (unit for unit in make_units("Plain", 3) if len(seen) == unit.trial)

    for result in executor.execute(units):
        seen.append(result.trial)

    assert seen == [0, 1, 2]


def test_a_failing_run_does_not_stop_the_next(executor):
    results = list(executor.execute(iter([make_unit("Plain", 0, deed="fail"), make_unit("Plain", 1)])))

    assert results[0].error == "ValueError: a model's own mistake"
    assert "in fail" in results[0].traceback
    assert results[1].error is None
    assert {result.slot for result in results} == {"driver"}


def test_a_run_that_takes_too_long_fails_and_the_next_runs(executor):
    units = [make_unit("Plain", 0, Limits(timeout_seconds=0.3), deed="hang"), make_unit("Plain", 1)]
    started = time.monotonic()

    late, following = executor.execute(iter(units))

    assert late.error == "exceeded trial_timeout_seconds 0.3"
    assert time.monotonic() - started < 5
    assert following.error is None


def test_a_limit_that_a_model_swallows_is_exceeded_all_the_same(executor):
    units = [make_unit("Plain", 0, Limits(timeout_seconds=0.3), deed="hang_and_swallow"), make_unit("Plain", 1)]

    late, following = executor.execute(iter(units))

    assert (late.error, late.metrics) == ("exceeded trial_timeout_seconds 0.3", None)
    assert following.error is None


def test_a_run_that_takes_too_much_memory_fails(executor):
    import psutil

    limit = psutil.Process().memory_info().rss // 10**6 + 200

    result = run_one(executor, make_unit("Plain", 0, Limits(memory_mb=limit), deed="swell"))

    assert result.error == f"exceeded max_trial_memory_mb {limit}"


def test_limits_leave_signal_handlers_as_they_were(executor):
    before = signal.getsignal(signal.SIGUSR2)

    run_one(executor, make_unit("Plain", 0, Limits(timeout_seconds=0.2), deed="hang"))
    run_one(executor, make_unit("Plain", 1, Limits(timeout_seconds=60)))

    assert signal.getsignal(signal.SIGUSR2) == before
    assert not [thread for thread in threading.enumerate() if thread.name == "rliable-watchdog"]


def test_an_interrupt_passes_through(executor):
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()

    with pytest.raises(KeyboardInterrupt):
        run_one(executor, make_unit("Plain", deed="hang"))


def test_it_does_not_import_pyspark():
    import subprocess

    code = (
        "import sys, rliable.executors as e; x = e.make_executor('serial', e.ExecutorOptions()); "
        "list(x.execute(iter([]))); x.close(); print({'pyspark', 'tensorflow'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "set()"
