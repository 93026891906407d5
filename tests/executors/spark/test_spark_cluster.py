"""Executors in processes of their own: what local[n] hides, such as code that was not shipped."""

import os
import signal
import threading

import psutil
import pytest
from unit_makers import all_facts, is_running, make_options, make_unit, make_units
from waiting import read_numbers, wait_until

from rliable.executors.base import ExecutorOptions
from rliable.executors.in_process import InProcessExecutor
from rliable.executors.spark.executor import SparkExecutor


@pytest.fixture
def make_executor(cluster_spark):
    made = []

    def make(name, **fields):
        made.append(SparkExecutor(make_options(name, **fields), cluster_spark))
        return made[-1]

    yield make
    for executor in made:
        executor.close()


def run_serially(units):
    return all_facts(InProcessExecutor(ExecutorOptions()).execute(iter(units)))


@pytest.mark.parametrize("name", ["Plain", "Walker", "Rows"])
@pytest.mark.parametrize("level, num_workers", [(1, 1), (1, 2), (2, 2), (2, 3)])
def test_results_are_those_of_the_serial_mode_bit_by_bit(make_executor, name, level, num_workers):
    units = make_units(name, 6)

    results = all_facts(make_executor(name, num_workers=num_workers, level=level).execute(iter(units)))

    assert results == run_serially(units)


def test_slices_are_played_on_both_executors(make_executor):
    units = [make_unit("Walker", slice_seconds=0.1, num_eval_episodes=105)]

    (result,) = make_executor("Walker", num_workers=2, level=2).execute(iter(units))

    assert len({record.pid for record in result.slices}) == 2
    assert all_facts([result]) == run_serially(units)


def test_killing_an_executor_costs_no_result(make_executor, tmp_path):
    file = tmp_path / "pid"
    units = [make_unit("Plain", 0, seconds=1.0, started=str(file)), *make_units("Plain", 4)[1:]]
    results = []
    stream = make_executor("Plain", num_workers=2).execute(iter(units))
    thread = threading.Thread(target=lambda: results.extend(stream), daemon=True)
    thread.start()
    pid = read_numbers(file)[0]
    machine = next(process for process in psutil.Process(pid).parents() if process.name() == "java")

    os.kill(machine.pid, signal.SIGKILL)
    thread.join(40)

    assert sorted((result.trial, result.error) for result in results) == [(trial, None) for trial in range(4)]
    wait_until(lambda: not is_running(pid), 5)


def test_models_with_an_rdd_run_on_the_cluster(make_executor):
    units = [make_unit("Rows", trial, data="rdd") for trial in range(4)]

    results = sorted(
        make_executor("Rows", num_workers=2, uses_cluster=True).execute(iter(units)), key=lambda result: result.trial
    )

    assert [result.metrics for result in results] == [{"mse": 2.0}] * 4
    assert {result.pid for result in results} == {os.getpid()}
