"""A driver's life in a process of its own: how it ends, and that nothing is left of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from unit_makers import is_running
from waiting import read_numbers, wait_until

from rliable.executors.spark.java import find_java_home

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PYTHON_PATH = os.pathsep.join([str(ROOT), str(HERE.parent)])


def start_driver(folder, deed, *, name="Plain", launcher=(sys.executable,)):
    """Starts study_script.py in a process group of its own, as a terminal does."""
    return subprocess.Popen(
        [*launcher, str(HERE / "study_script.py"), name, deed, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ
        | {"PYTHONPATH": PYTHON_PATH, "PYSPARK_PYTHON": sys.executable, "JAVA_HOME": str(find_java_home())},
        cwd=folder,
        start_new_session=True,
    )


def below(driver):
    """All processes that a driver has started, directly or not."""
    return psutil.Process(driver.pid).children(recursive=True)


def wait_for_units(folder):
    for index in range(2):
        wait_until(lambda file=folder / f"pids{index}": file.exists() and len(read_numbers(file)) == 2, 60)


def processes_in(folder):
    """All processes that work in a folder, whoever their parent is by now."""
    found = [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(folder)]
    return [process.pid for process in found if is_running(process.pid)]


def command_of(pid):
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""


def assert_all_gone(processes, seconds=6.0):
    wait_until(lambda: not [process.pid for process in processes if is_running(process.pid)], seconds)


def test_a_finished_study_leaves_no_process_and_no_noise(tmp_path):
    driver = start_driver(tmp_path, "nothing")
    wait_until(lambda: (tmp_path / "pids0").exists(), 60)
    processes = below(driver)

    output, errors = driver.communicate(timeout=60)

    assert sorted(output.splitlines()) == [
        "handler kept True",
        "modules []",
        "result 0 None",
        "result 1 None",
    ]
    assert errors == ""
    assert driver.returncode == 0
    assert_all_gone(processes, 1.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_survives_a_driver_that_is_stopped(tmp_path, number):
    driver = start_driver(tmp_path, "spawn_and_hang")
    wait_for_units(tmp_path)
    processes = below(driver)
    assert len(processes) > 6
    started = time.monotonic()

    os.killpg(driver.pid, number)
    output, errors = driver.communicate(timeout=30)

    assert time.monotonic() - started < 6
    assert ("interrupted" in output) == (number == signal.SIGINT)
    assert "Traceback" not in errors
    assert_all_gone(processes)


def test_an_interrupt_while_spark_starts_leaves_no_process(tmp_path):
    driver = start_driver(tmp_path, "nothing")
    wait_until(lambda: [process for process in below(driver) if process.name() == "java"], 60)
    processes = below(driver)

    os.killpg(driver.pid, signal.SIGINT)
    driver.communicate(timeout=30)

    assert driver.returncode != 0
    assert_all_gone(processes)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stage", ["launcher.Main", "deploy.SparkSubmit"])
def test_no_virtual_machine_survives_a_start_that_is_interrupted(tmp_path, stage, number):
    driver = start_driver(tmp_path, "nothing")
    wait_until(lambda: [pid for pid in processes_in(tmp_path) if stage in command_of(pid)], 60)

    driver.send_signal(number)
    driver.communicate(timeout=30)

    assert driver.returncode != 0
    wait_until(lambda: not processes_in(tmp_path), 30)


def test_a_spark_that_is_killed_is_said_in_one_line_and_leaves_no_process(tmp_path):
    driver = start_driver(tmp_path, "spawn_and_hang")
    wait_for_units(tmp_path)
    processes = below(driver)

    os.kill(next(process.pid for process in processes if process.name() == "java"), signal.SIGKILL)
    output, errors = driver.communicate(timeout=60)

    assert "lost: Spark has no slot left that works" in output
    assert "Traceback" not in errors
    assert_all_gone(processes)


def test_a_spark_that_is_killed_under_models_that_use_it_is_said_in_one_line(tmp_path):
    driver = start_driver(tmp_path, "use_spark_without_end", name="Rows")
    wait_until(lambda: (tmp_path / "pids1").exists(), 60)
    processes = below(driver)

    os.kill(next(process.pid for process in processes if process.name() == "java"), signal.SIGKILL)
    output, errors = driver.communicate(timeout=60)

    assert "lost: Spark does not run any more: " in output, errors
    assert "result" not in output
    assert_all_gone(processes)


def test_a_driver_that_forgets_to_close_leaves_no_process(tmp_path):
    driver = start_driver(tmp_path, "leave_open")
    wait_until(lambda: (tmp_path / "pids0").exists(), 60)
    processes = below(driver)

    driver.communicate(timeout=60)

    assert_all_gone(processes)


def test_spark_submit_decides_about_the_master(tmp_path):
    import pyspark

    program = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    launcher = (str(program), "--master", "local[2,3]", "--conf", "spark.rliable.port=0")
    driver = start_driver(tmp_path, "nothing", launcher=launcher)

    output, errors = driver.communicate(timeout=90)

    assert "result 0 None" in output and "result 1 None" in output, errors
    assert driver.returncode == 0


BROKEN = """
import sys
from unit_makers import make_options
from rliable.executors import make_executor
from rliable.executors.base import ExecutorError
try:
    make_executor("spark", make_options("Plain", master="nonsense"))
except ExecutorError as error:
    print(error)
"""


def test_a_master_that_is_none_is_said_in_one_line():
    answer = subprocess.run(
        [sys.executable, "-c", BROKEN], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": PYTHON_PATH}
    )

    assert "Spark does not start: " in answer.stdout and "nonsense" in answer.stdout
    assert len(answer.stdout.splitlines()) == 1
    assert answer.stderr == ""
