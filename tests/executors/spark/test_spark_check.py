"""What the Spark executor looks for before anything is written; none of it needs Spark."""

import subprocess
import sys

import pytest

from rliable.executors.base import ExecutorOptions
from rliable.executors.spark import java
from rliable.executors.spark.executor import SparkExecutor
from rliable.schema import ConfigError

CHECK = """
import sys
from rliable.executors.base import ExecutorOptions
from rliable.registry import EXECUTORS
from rliable.schema import ConfigError
if "without" in sys.argv:
    sys.modules["pyspark"] = None
try:
    EXECUTORS.load("spark").check(ExecutorOptions())
except ConfigError as error:
    print(error)
print(sys.modules.get("pyspark"))
"""


@pytest.fixture
def no_java(monkeypatch):
    """A machine without Java."""
    for place in ("environment_java", "path_java", "packaged_java"):
        monkeypatch.setattr(java, place, lambda: None)
    return monkeypatch


def check_elsewhere(*arguments):
    """What a process prints that checks, and then tells whether it has PySpark."""
    done = subprocess.run([sys.executable, "-c", CHECK, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_machine_with_java_and_pyspark_is_fine_and_checking_imports_neither():
    assert check_elsewhere() == ["None"]


def test_without_pyspark_one_line_says_what_to_do():
    problem, _ = check_elsewhere("without")

    assert problem == "--parallelized: the package 'pyspark' is missing; pip install 'rliable-spark[spark]'"


def test_without_java_it_is_refused(no_java):
    with pytest.raises(ConfigError, match="Spark needs Java 17 or newer"):
        SparkExecutor.check(ExecutorOptions())


def test_spark_submit_has_brought_java(no_java):
    no_java.setenv("PYSPARK_GATEWAY_PORT", "1")

    SparkExecutor.check(ExecutorOptions())
