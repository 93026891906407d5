import socket
import threading

import pytest

from rliable.executors.base import ExecutorError, ExecutorOptions
from rliable.executors.slots.channel import Door
from rliable.executors.slots.child import SlotSettings
from rliable.executors.slots.pool import SlotPool
from rliable.executors.spark.tasks import ResidentTasks, cause_of

LOST = """An error occurred while calling z:org.apache.spark.api.python.PythonRDD.collectAndServe.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 3.0 failed 1 times, \
most recent failure: Lost task 0.0 in stage 3.0 (TID 3) (localhost executor driver): \
org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)
\tat org.apache.spark.api.python.BasePythonRunner"""

RAISED = """An error occurred while calling z:org.apache.spark.api.python.PythonRDD.collectAndServe.
: org.apache.spark.SparkException: Job aborted: Lost task 0.0: Traceback (most recent call last):
  File "worker.py", line 1, in main
Traceback (most recent call last):
  File "channel.py", line 9, in connect
    raise ConnectionError(f"{host} cannot reach the driver: {error}")
ConnectionError: node7 cannot reach the driver at 10.0.0.1:4040: refused
\tat org.apache.spark.api.python.BasePythonRunner"""


@pytest.mark.parametrize(
    "text, cause",
    [
        (LOST, "org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)"),
        (RAISED, "ConnectionError: node7 cannot reach the driver at 10.0.0.1:4040: refused"),
        ("one line", "one line"),
        ("", "no reason given"),
    ],
)
def test_the_cause_of_a_failed_job_is_one_line(text, cause):
    assert cause_of(text) == cause


def test_workers_that_cannot_reach_the_driver_end_the_study_with_the_reason(local_spark):
    with socket.create_server(("127.0.0.1", 0)) as server:
        unused_port = server.getsockname()[1]
    door, ended = Door("127.0.0.1"), threading.Event()
    settings = SlotSettings(("127.0.0.1", unused_port), door.key)
    tasks = ResidentTasks(local_spark, settings, "unreachable", lambda: (ended.set(), door.ring()))
    tasks.start(1)

    with pytest.raises(ExecutorError, match=f"cannot reach the driver at 127.0.0.1:{unused_port}"):
        list(SlotPool(door, tasks, ExecutorOptions()).execute(iter(["work"])))

    assert ended.is_set()
    tasks.stop()
    door.close()
