"""The registry of executors: name -> "module:Class". Importing it imports no executor.

An executor's class takes one `ExecutorOptions`.
"""

from __future__ import annotations

from rliable import registry
from rliable.executors.base import Executor, ExecutorOptions

EXECUTORS: dict[str, str] = {
    "serial": "rliable.executors.local:LocalExecutor",
    "in-process": "rliable.executors.in_process:InProcessExecutor",
    "spark": "rliable.executors.spark.executor:SparkExecutor",
}


def make_executor(name: str, options: ExecutorOptions) -> Executor:
    """Makes an executor.

    Args:
      name: a key of `EXECUTORS`.
      options: how many slots, where, and what they need.

    Raises:
      ConfigError: it cannot start here, for want of a Java runtime for instance.
    """
    executor: Executor = registry.EXECUTORS.load(name)(options)
    return executor
