"""Levels 1 and 2 on one machine's Spark: what is computed, where, and what happens when things die."""

import os
import signal
import threading
import time

import psutil
import pytest
from unit_makers import all_facts, is_running, make_options, make_unit, make_units, serial_facts
from waiting import read_numbers, wait_until

from rliable.executors.spark.executor import SparkExecutor
from rliable.unit import Limits


@pytest.fixture
def make_executor(local_spark):
    """Makes executors on the module's Spark, and checks that they leave no process behind."""
    made = []

    def make(name, **fields):
        made.append(SparkExecutor(make_options(name, **fields), local_spark))
        return made[-1]

    yield make
    for executor in made:
        started = time.monotonic()
        executor.close()
        executor.close()
        assert time.monotonic() - started < 3
    wait_until(lambda: not computing_processes(), 3)


def computing_processes():
    """The processes of this test run that compute for slots, and their guards."""
    ours = psutil.Process().children(recursive=True)
    return [process.pid for process in ours if is_running(process.pid) and is_slot_process(process)]


def is_slot_process(process):
    try:
        return any(word in ("rliable.executors.slots.compute", "rliable-guard") for word in process.cmdline())
    except psutil.Error:
        return False


def run_all(executor, units):
    return sorted(executor.execute(iter(units)), key=lambda result: result.trial)


@pytest.fixture(scope="module")
def in_serial_mode():
    return {name: serial_facts(make_units(name, 6)) for name in ("Plain", "Walker")}


@pytest.mark.parametrize("name", ["Plain", "Walker"])
@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("num_workers", [1, 2, 3])
def test_results_are_those_of_the_serial_mode_bit_by_bit(make_executor, in_serial_mode, name, level, num_workers):
    executor = make_executor(name, num_workers=num_workers, level=level)

    assert all_facts(executor.execute(iter(make_units(name, 6)))) == in_serial_mode[name]


def test_a_slot_computes_all_its_units_in_one_process_without_tensorflow(make_executor):
    executor = make_executor("Plain", num_workers=2)

    results = run_all(executor, make_units("Plain", 30, seconds=0.01, tells_tensorflow=True))

    assert {result.slot for result in results} == {"slot 0", "slot 1"}
    assert len({(result.slot, result.pid) for result in results}) == 2
    assert {result.metrics["has_tensorflow"] for result in results} == {0.0}


def test_a_supervisor_loads_no_tensorflow(make_executor, tmp_path):
    file = tmp_path / "pid"
    unit = make_unit("Plain", seconds=0.5, started=str(file))
    thread, _taken, pid = start_unit(make_executor("Plain", num_workers=1).execute(iter([unit])), file)

    libraries = [library.path for library in psutil.Process(supervisor_of(pid)).memory_maps()]
    thread.join(20)

    assert not [path for path in libraries if "tensorflow" in path]


def test_units_are_drawn_only_when_a_slot_is_free(make_executor):
    executor = make_executor("Plain", num_workers=2)
    seen, ahead = [], []
    units = (ahead.append(unit.trial - len(seen)) or unit for unit in make_units("Plain", 10, seconds=0.02))

    for result in executor.execute(units):
        seen.append(result.trial)

    assert sorted(seen) == list(range(10))
    assert max(ahead) <= 1  # two slots: at most one other unit is out when one is drawn


def test_failing_runs_are_results_and_the_rest_goes_on(make_executor):
    executor = make_executor("Plain", num_workers=2)
    deeds = ["fail", "leave", "die", "odd_result", "nothing", "nothing"]
    units = [make_unit("Plain", i, Limits(max_attempts=2), deed=deed) for i, deed in enumerate(deeds)]

    failed, left, died, odd, *fine = run_all(executor, units)

    assert failed.error == "ValueError: a model's own mistake"
    assert left.error == "worker process ended with exit code 3, 2 times"
    assert (died.error, died.attempts) == ("worker process died (SIGKILL), 2 times", 2)
    assert "last words" in died.traceback
    assert odd.error == "TypeError: a model's results must be numbers, texts, lists and dicts, not object"
    assert all(result.error is None for result in fine)


def test_a_run_whose_process_dies_runs_again_with_the_same_seed(make_executor, tmp_path, in_serial_mode):
    executor = make_executor("Plain", num_workers=1)

    (result,) = run_all(executor, [make_unit("Plain", deed="die_once", mark=str(tmp_path / "mark"))])

    assert result.attempts == 2
    assert all_facts([result]) == in_serial_mode["Plain"][:1]


def test_limits_end_a_run_and_nothing_else(make_executor, tmp_path):
    executor = make_executor("Plain", num_workers=2)
    units = [
        make_unit("Plain", 0, Limits(timeout_seconds=0.5), deed="spawn_and_hang", started=str(tmp_path / "pids")),
        make_unit("Plain", 1, Limits(memory_mb=400), deed="swell"),
        *[make_unit("Plain", trial) for trial in (2, 3, 4)],
    ]

    late, large, *fine = run_all(executor, units)

    assert (late.error, late.attempts) == ("exceeded trial_timeout_seconds 0.5", 1)
    assert large.error == "exceeded max_trial_memory_mb 400"
    assert all(result.error is None for result in fine)
    assert not any(is_running(pid) for pid in read_numbers(tmp_path / "pids"))


def supervisor_of(pid):
    return psutil.Process(pid).ppid()


def start_unit(results, file):
    """Starts drawing results on a thread; gives the thread, its list of results, and the pid that computes."""
    taken = []
    thread = threading.Thread(target=lambda: taken.extend(results), daemon=True)
    thread.start()
    return thread, taken, read_numbers(file)[0]


@pytest.mark.parametrize("victim", [int, supervisor_of])
def test_killing_a_process_or_its_supervisor_costs_no_result(make_executor, tmp_path, victim):
    file = tmp_path / "pid"
    units = [make_unit("Plain", 0, seconds=1.0, started=str(file)), *make_units("Plain", 5)[1:]]
    thread, taken, pid = start_unit(make_executor("Plain", num_workers=2).execute(iter(units)), file)

    os.kill(victim(pid), signal.SIGKILL)
    thread.join(30)

    assert sorted(result.trial for result in taken) == [0, 1, 2, 3, 4]
    assert [result.error for result in taken] == [None] * 5
    assert {result.trial: result.attempts for result in taken}[0] == 2
    assert not is_running(pid)


def test_killing_a_supervisor_kills_what_its_process_started(make_executor, tmp_path):
    file = tmp_path / "pids"
    unit = make_unit("Plain", 0, Limits(max_attempts=1), deed="spawn_and_hang", started=str(file))
    thread, taken, pid = start_unit(make_executor("Plain", num_workers=1).execute(iter([unit])), file)
    wait_until(lambda: len(read_numbers(file)) == 2)
    below = read_numbers(file)[1]

    os.kill(supervisor_of(pid), signal.SIGKILL)
    thread.join(30)

    assert taken[0].error == "the connection to slot 0 broke"
    wait_until(lambda: not is_running(pid) and not is_running(below), 3)


def test_the_unit_of_a_silent_slot_goes_to_another(make_executor, tmp_path):
    file = tmp_path / "pid"
    executor = make_executor("Plain", num_workers=2, heartbeat_timeout_seconds=2.5)
    units = [make_unit("Plain", 0, seconds=1.0, started=str(file)), *make_units("Plain", 3)[1:]]
    thread, taken, pid = start_unit(executor.execute(iter(units)), file)
    supervisor = supervisor_of(pid)

    os.kill(supervisor, signal.SIGSTOP)
    thread.join(30)

    assert {result.trial: (result.attempts, result.error) for result in taken}[0] == (2, None)
    executor.close()
    wait_until(lambda: not is_running(supervisor) and not is_running(pid), 8)


def test_a_driver_that_is_away_for_longer_than_the_heartbeat_loses_no_slot(make_executor):
    executor = make_executor("Plain", num_workers=2, heartbeat_timeout_seconds=1.5)
    results = executor.execute(iter(make_units("Plain", 6, seconds=0.1)))

    first = next(results)
    time.sleep(3)

    assert [result.attempts for result in (first, *results)] == [1] * 6


def test_closing_early_ends_running_units(make_executor, tmp_path):
    file = tmp_path / "pids"
    executor = make_executor("Plain", num_workers=2)
    units = [make_unit("Plain", 0, seconds=2), make_unit("Plain", 1, deed="spawn_and_hang", started=str(file))]
    results = executor.execute(iter(units))
    next(results)
    wait_until(lambda: file.exists() and len(read_numbers(file)) == 2)

    results.close()
    executor.close()

    wait_until(lambda: not any(is_running(pid) for pid in read_numbers(file)), 3)


def test_an_idle_process_that_dies_is_replaced_when_there_is_work(make_executor):
    executor = make_executor("Plain", num_workers=1)
    results = executor.execute(iter(make_units("Plain", 2)))
    os.kill(next(results).pid, signal.SIGKILL)
    time.sleep(0.3)

    (second,) = results

    assert (second.error, second.attempts) == (None, 1)


def test_a_process_that_has_grown_too_much_is_replaced_between_runs(make_executor):
    results = run_all(make_executor("Plain", num_workers=1), make_units("Plain", 9, deed="grow"))
    assert [result.error for result in results] == [None] * 9
    assert [result.attempts for result in results] == [1] * 9
    pids = [result.pid for result in results]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [4, 4, 1]


def test_large_files_come_back_whole(make_executor):
    executor = make_executor("Plain", num_workers=2)

    results = run_all(executor, make_units("Plain", 3, bytes=20_000_000))

    assert [len(result.files["weights.bin"]) for result in results] == [20_000_000] * 3


def test_an_empty_study_ends(make_executor):
    assert run_all(make_executor("Plain", num_workers=2), []) == []


def test_slots_that_never_come_are_not_counted_as_connected(make_executor):
    executor = make_executor("Plain", num_workers=5)  # Spark has room for three
    assert executor.num_started_slots == 0

    run_all(executor, make_units("Plain", 9, seconds=0.5))

    assert (executor.num_slots, executor.num_started_slots) == (5, 3)


def test_two_executors_one_after_the_other_share_a_context(make_executor, in_serial_mode):
    for _ in range(2):
        executor = make_executor("Plain", num_workers=2)
        assert all_facts(executor.execute(iter(make_units("Plain", 6)))) == in_serial_mode["Plain"]
        executor.close()


def test_all_slots_of_one_machines_spark_are_taken(local_spark):
    executor = SparkExecutor(make_options("Plain", num_workers=None), local_spark)

    executor.gather()

    assert sorted(executor.hosts) == ["slot 0", "slot 1", "slot 2"]
    assert executor.num_slots == executor.num_started_slots == 3
    assert len(list(executor.execute(iter(make_units("Plain", 4))))) == 4
    executor.close()
