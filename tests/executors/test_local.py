"""Serial mode: one supervised slot on this machine. Whatever a run does, it harms itself alone."""

import os
import signal
import threading
import time

import psutil
import pytest
from unit_makers import ROWS, is_running, make_options, make_unit, make_units
from waiting import read_numbers, wait_until

from rliable.executors import make_executor
from rliable.executors.base import ExecutorError
from rliable.executors.local import LocalExecutor
from rliable.unit import Answer, Limits


@pytest.fixture
def executor(tmp_path):
    made = make_executor("serial", make_options("Plain", log_path=tmp_path / "log.txt"))
    yield made
    made.close()
    made.close()


def run_two(executor, first, limits=None, **params):
    """The result of a run that does something bad, and of one after it, with the seconds that each took."""
    units = [make_unit("Plain", 0, limits or Limits(max_attempts=1), deed=first, **params), make_unit("Plain", 1)]
    results, taken = [], [time.monotonic()]
    for result in executor.execute(iter(units)):
        results.append(result)
        taken.append(time.monotonic())
    bad, fine = sorted(results, key=lambda result: result.trial)
    assert fine.error is None
    return bad, taken[1] - taken[0], taken[2] - taken[1]


def test_each_unit_is_drawn_when_the_one_before_has_been_seen(executor):
    seen = []
    units = (unit for unit in make_units("Plain", 3) if len(seen) == unit.trial)

    for result in executor.execute(units):
        seen.append(result.trial)

    assert seen == [0, 1, 2]


def test_runs_share_a_process_that_is_not_the_drivers(executor):
    results = list(executor.execute(iter(make_units("Plain", 3, pid=True))))

    assert len({result.pid for result in results}) == 1
    assert all(result.predictions[-1] == result.pid != os.getpid() for result in results)
    assert {(result.slot, result.host) for result in results} == {("slot 0", os.uname().nodename)}


def test_a_failing_run_does_not_stop_the_next(executor):
    bad, *_ = run_two(executor, "fail")

    assert bad.error == "ValueError: a model's own mistake"
    assert "in fail" in bad.traceback


@pytest.mark.parametrize("deed", ["hang", "hang_and_swallow", "hang_in_native_code"])
def test_a_run_over_its_time_ends_within_two_seconds_and_the_slot_works_within_five(executor, deed):
    list(executor.execute(iter([make_unit("Plain")])))  # the process is there

    bad, seconds, seconds_after = run_two(executor, deed, Limits(timeout_seconds=0.5))

    assert bad.error == "exceeded trial_timeout_seconds 0.5"
    assert seconds < 0.5 + 2
    assert seconds_after < 5


def test_a_run_over_its_memory_ends_and_the_next_runs(executor):
    bad, *_ = run_two(executor, "swell", Limits(memory_mb=400))

    assert bad.error == "exceeded max_trial_memory_mb 400"


def test_memory_of_a_process_in_a_session_of_its_own_counts(executor):
    bad, *_ = run_two(executor, "swell_elsewhere", Limits(memory_mb=400, timeout_seconds=60))

    assert bad.error == "exceeded max_trial_memory_mb 400"


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("crash_in_native_code", "worker process died (SIGSEGV)"),
        ("leave", "worker process ended with exit code 3"),
        ("die", "worker process died (SIGKILL)"),
        ("die_of_a_real_time_signal", f"worker process died (signal {signal.SIGRTMIN + 1})"),
        ("raise_odd", "CancelledError"),
    ],
)
def test_a_process_that_ends_costs_its_run_alone(executor, deed, error):
    bad, *_ = run_two(executor, deed)

    assert bad.error == error


def test_a_run_whose_process_died_is_tried_again(executor, tmp_path):
    unit = make_unit("Plain", deed="die_once", mark=str(tmp_path / "mark"))

    (result,) = executor.execute(iter([unit]))

    assert (result.error, result.attempts) == (None, 2)


def test_the_failure_of_a_lost_run_names_its_own_process_and_machine(executor):
    bad, *_ = run_two(executor, "die")

    assert bad.pid not in (0, os.getpid())
    assert bad.host == os.uname().nodename


@pytest.mark.parametrize("deed", ["fork_and_exit", "fork_and_raise", "fork_and_return"])
def test_a_forked_child_does_not_become_a_second_worker(executor, deed):
    bad, *_ = run_two(executor, deed)

    assert bad.error is None


def test_the_working_folder_is_the_same_for_the_next_run(executor, tmp_path):
    units = [
        make_unit("Plain", 0, deed="change_folder", folder=str(tmp_path)),
        make_unit("Plain", 1, deed="tell_folder"),
    ]

    _, second = executor.execute(iter(units))

    assert second.learning_curve[0]["is_here"] == 1.0


def test_a_run_may_remove_the_folder_that_it_works_in(executor, tmp_path):
    (tmp_path / "gone").mkdir()

    bad, *_ = run_two(executor, "remove_its_folder", folder=str(tmp_path / "gone"))

    assert bad.error is None


@pytest.mark.parametrize("deed", ["leave_a_session_behind", "leave_a_daemon_behind"])
@pytest.mark.parametrize("ending", ["return", "hang", "crash"])
def test_no_process_of_a_run_survives_it(executor, tmp_path, deed, ending):
    started = tmp_path / "started"
    limits = Limits(timeout_seconds=1.0, max_attempts=1)

    run_two(executor, deed, limits, started_file=str(started), ending=ending)

    (pid,) = read_numbers(started)
    wait_until(lambda: not is_running(pid), 3)


@pytest.mark.parametrize("ends_at_once", [True, False])
def test_a_run_that_prints_without_end_does_not_fill_the_disk(executor, tmp_path, ends_at_once):
    bad, *_ = run_two(executor, "print_a_lot")
    if ends_at_once:
        executor.close()

    assert bad.error is None
    wait_until(lambda: (tmp_path / "log-slot-0.txt").stat().st_size < 25 * 10**6, 10)


def test_a_run_that_hangs_while_it_is_imported_ends(tmp_path, monkeypatch):
    (tmp_path / "slow_import.py").write_text(
        "import os, time\nfrom user_models import Plain as Slow\n"
        f"if os.getpid() != {os.getpid()} and not os.path.exists({str(tmp_path / 'tried')!r}):\n"
        f"    open({str(tmp_path / 'tried')!r}, 'w').close()\n    time.sleep(300)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    options = make_options("Plain", log_path=tmp_path / "log.txt", start_seconds=3.0)
    executor = make_executor("serial", options)
    unit = make_unit("Plain", 0, Limits(max_attempts=2))
    slow = type(unit)(0, 0, type(unit.model)("slow_import:Slow", ROWS, "", {}), 1, unit.limits)
    try:
        (result,) = executor.execute(iter([slow]))
    finally:
        executor.close()

    assert (result.error, result.attempts) == (None, 2)


def test_limits_count_from_the_start_of_the_training_and_not_of_imports(executor):
    unit = make_unit("SlowImport", 0, Limits(timeout_seconds=1.0))

    (result,) = executor.execute(iter([unit]))

    assert result.error is None


def test_reports_arrive_while_the_run_goes_on_and_a_stop_ends_it(executor):
    arrived = []

    def listen(report):
        arrived.append((report.trial, report.run, report.slot, report.step, time.time()))
        return Answer.STOP if report.step >= 5 else Answer.GO_ON

    units = [make_unit("Plain", 0, deed="report_on", pause=0.05), make_unit("Plain", 1)]
    first, second = executor.execute(iter(units), listen)

    assert first.is_stopped and first.error is None and first.metrics is None
    assert arrived[0][:3] == (0, 0, "slot 0")
    assert arrived[0][4] < first.finished - 0.1
    assert 5 <= first.learning_curve[-1]["step"] <= 8
    assert not second.is_stopped and second.error is None


def test_a_model_may_end_by_itself_when_it_is_told_to_stop(executor):
    unit = make_unit("Asking", 0, deed="report_on_and_ask", pause=0.02)

    (result,) = executor.execute(iter([unit]), lambda report: Answer.STOP)

    assert result.is_stopped
    assert result.files == {} and result.metrics is None


def test_a_run_that_reports_faster_than_it_is_answered_is_not_held_up(executor):
    unit = make_unit("Plain", 0, deed="report_a_lot")

    def listen(report):
        time.sleep(0.05)
        return Answer.GO_ON

    (result,) = executor.execute(iter([unit]), listen)

    assert result.finished - result.started < 3
    assert len(result.learning_curve) == 20_001


def test_an_interrupt_passes_through_and_leaves_no_process(executor, tmp_path):
    unit = make_unit("Plain", 0, deed="spawn_and_hang", started=str(tmp_path / "pids"))
    timer = threading.Timer(2.0, signal.raise_signal, [signal.SIGINT])
    timer.start()

    with pytest.raises(KeyboardInterrupt):
        list(executor.execute(iter([unit])))
    pids = read_numbers(tmp_path / "pids")
    executor.close()

    assert len(pids) == 2
    wait_until(lambda: not [pid for pid in pids if is_running(pid)], 5)


def test_it_leaves_no_thread_and_no_process(tmp_path):
    before = set(psutil.Process().children(recursive=True))
    executor = make_executor("serial", make_options("Plain", log_path=tmp_path / "log.txt"))
    list(executor.execute(iter(make_units("Plain", 2))))

    executor.close()

    assert set(psutil.Process().children(recursive=True)) <= before
    wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("rliable")], 5)


def test_a_slot_that_cannot_begin_ends_the_search_with_a_line(tmp_path):
    (tmp_path / "log-slot-0.txt").mkdir()
    executor = LocalExecutor(make_options("Plain", log_path=tmp_path / "log.txt"))

    with pytest.raises(ExecutorError, match="the slot on this machine ends again and again"):
        list(executor.execute(iter([make_unit("Plain")])))
    executor.close()


def test_a_slot_that_fails_in_mid_study_is_started_again(tmp_path):
    executor = LocalExecutor(make_options("Plain", log_path=tmp_path / "log.txt"))
    results = executor.execute(iter(make_units("Plain", 2, deed="leave")))
    log = tmp_path / "log-slot-0.txt"

    first = next(results)
    log.unlink()
    log.mkdir()  # the process that is to follow the one that has ended cannot be started
    timer = threading.Timer(1.0, log.rmdir)
    timer.start()
    (second,) = results
    executor.close()

    assert "exit code 3" in first.error and "exit code 3" in second.error
