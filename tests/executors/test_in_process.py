"""Runs in the driver's own process, for breakpoints."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from unit_makers import make_unit, make_units

from rliable.executors import ExecutorOptions, make_executor
from rliable.unit import Answer


@pytest.fixture
def executor():
    made = make_executor("in-process", ExecutorOptions())
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


def test_a_run_computes_in_this_process(executor):
    result = run_one(executor, make_unit("Plain", pid=True))

    assert result.predictions[-1] == result.pid == os.getpid()
    assert result.slot == "driver"


def test_an_interrupt_passes_through(executor):
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()

    with pytest.raises(KeyboardInterrupt):
        run_one(executor, make_unit("Plain", deed="hang"))


def test_a_run_learns_of_the_answer_to_a_report_at_its_next_one(executor):
    steps = []

    def listen(report):
        steps.append(report.step)
        return Answer.STOP if report.step >= 3 else Answer.GO_ON

    (result,) = executor.execute(iter([make_unit("Plain", deed="report_on")]), listen)

    assert steps == [1, 2, 3]
    assert result.is_stopped and result.metrics is None and result.error is None
    assert [row["step"] for row in result.learning_curve] == [1, 2, 3, 4]


@pytest.mark.parametrize("executor_name", ["serial", "in-process"])
def test_it_imports_no_pyspark(executor_name):
    code = (
        f"import sys, rliable.executors as e; x = e.make_executor({executor_name!r}, e.ExecutorOptions()); "
        "list(x.execute(iter([]))); x.close(); print({'pyspark', 'tensorflow'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "set()"


FORKS = """
import os, sys, json
from unit_makers import make_unit
from rliable.executors import ExecutorOptions, make_executor
results = list(make_executor("in-process", ExecutorOptions()).execute(iter([make_unit("Plain", deed=sys.argv[1])])))
print("driver", len(results), results[0].error, flush=True)
"""


@pytest.mark.parametrize("deed", ["fork_and_exit", "fork_and_raise", "fork_and_return"])
def test_a_forked_child_of_a_model_does_not_become_a_second_driver(deed):
    path = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", FORKS, deed]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": path}, check=True
    )

    assert done.stdout.splitlines() == ["driver 1 None"]
