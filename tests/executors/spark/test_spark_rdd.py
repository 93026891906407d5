"""Models that use the cluster themselves run on driver threads."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import threadpoolctl
from unit_makers import all_facts, make_options, make_unit

from rliable.executors.spark.executor import SparkExecutor
from rliable.unit import Answer, Limits


@pytest.fixture
def executor(local_spark):
    made = SparkExecutor(make_options("Rows", num_workers=2, uses_cluster=True), local_spark)
    yield made
    made.close()


def test_runs_get_the_context_and_run_side_by_side(executor):
    units = [make_unit("Rows", trial, data="rdd", seconds=0.5) for trial in range(4)]

    results = sorted(executor.execute(iter(units)), key=lambda result: result.trial)

    assert results[1].started < results[0].finished
    assert [result.metrics for result in results] == [{"mse": 2.0}] * 4
    assert [result.predictions for result in results] == [[1.0, 3.0]] * 4
    assert {result.slot for result in results} == {"slot 0", "slot 1"}
    assert {result.pid for result in results} == {os.getpid()}


def test_runs_compute_with_the_cores_of_a_trial(executor):
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        list(executor.execute(iter([make_unit("Rows", data="rdd")])))
        libraries = threadpoolctl.ThreadpoolController().select(user_api="blas").info()

    assert {library["num_threads"] for library in libraries} == {1}


def test_a_run_that_takes_too_long_or_fails_is_a_result(executor):
    units = [
        make_unit("Rows", 0, Limits(timeout_seconds=0.5), data="rdd", deed="hang"),
        make_unit("Rows", 1, data="rdd", deed="fail"),
        make_unit("Rows", 2, data="rdd"),
    ]

    late, failed, fine = sorted(executor.execute(iter(units)), key=lambda result: result.trial)

    assert late.error == "exceeded trial_timeout_seconds 0.5"
    assert failed.error == "ValueError: a model's own mistake"
    assert fine.error is None


@pytest.mark.parametrize("name", ["CancelledError", "GeneratorExit", "KeyboardInterrupt", "SystemExit"])
def test_whatever_a_model_raises_is_a_result(executor, name):
    units = [make_unit("Rows", 0, data="rdd", deed="raise_named", error=name), make_unit("Rows", 1, data="rdd")]

    odd, fine = sorted(executor.execute(iter(units)), key=lambda result: result.trial)

    assert odd.error == name
    assert "in raise_named" in odd.traceback
    assert fine.error is None


def test_reports_arrive_while_the_run_goes_on_and_a_stop_ends_it(executor):
    seen = []

    def listen(report):
        seen.append((report.trial, report.slot, report.step, threading.current_thread()))
        return Answer.STOP if report.step >= 5 else Answer.GO_ON

    (result,) = executor.execute(iter([make_unit("Rows", data="rdd", deed="report_on", pause=0.05)]), listen)

    assert (result.is_stopped, result.error) == (True, None)
    assert seen[:5] == [(0, "slot 0", step, threading.current_thread()) for step in range(1, 6)]
    assert seen[-1][2] < 20


def test_a_run_that_reports_all_the_time_is_held_to_its_time(executor):
    unit = make_unit("Rows", 0, Limits(timeout_seconds=0.5), data="rdd", deed="report_on", pause=0.01)

    (result,) = executor.execute(iter([unit]), lambda report: Answer.GO_ON)

    assert result.error == "exceeded trial_timeout_seconds 0.5"


def test_units_are_drawn_only_when_a_thread_is_free(executor):
    seen, ahead = [], []
    units = (make_unit("Rows", trial, data="rdd") for trial in range(6))
    counted = (ahead.append(unit.trial - len(seen)) or unit for unit in units)

    for result in executor.execute(counted):
        seen.append(result.trial)

    assert sorted(seen) == list(range(6))
    assert max(ahead) <= 1


def test_closing_early_ends_running_units(executor):
    units = [make_unit("Rows", 0, data="rdd"), make_unit("Rows", 1, data="rdd", deed="hang")]
    results = executor.execute(iter(units))
    assert next(results).trial == 0

    results.close()
    executor.close()


SERIAL = """
from unit_makers import all_facts, make_options, make_unit
from rliable.executors.local import LocalExecutor
executor = LocalExecutor(make_options("Rows", uses_cluster=True))
print(all_facts(executor.execute(make_unit("Rows", trial, data="rdd") for trial in range(2))))
executor.close()
"""


def test_serial_mode_starts_spark_for_itself_and_gives_the_same(executor):
    units = [make_unit("Rows", trial, data="rdd") for trial in range(2)]
    parallel = all_facts(executor.execute(iter(units)))
    folder = Path(__file__).parents[1]
    path = os.pathsep.join([str(folder), str(folder.parents[1])])

    answer = subprocess.run(
        [sys.executable, "-c", SERIAL],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": path},
    )

    assert answer.stdout.strip() == str(parallel)
    assert answer.stderr == ""
