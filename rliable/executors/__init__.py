"""The registry of executors: name -> "module:Class". Importing it imports no executor.

An executor's class takes one `ExecutorOptions`.
"""

from __future__ import annotations

import importlib

from rliable.executors.base import Executor
from rliable.executors.options import ExecutorOptions

EXECUTORS: dict[str, str] = {
    "serial": "rliable.executors.serial:SerialExecutor",
    "spark": "rliable.executors.spark:SparkExecutor",
}


def make_executor(name: str, options: ExecutorOptions) -> Executor:
    """Makes an executor.

    Args:
      name: a key of `EXECUTORS`.
      options: how many slots, where, and what they need.

    Raises:
      ConfigError: it cannot start here, for want of a Java runtime for instance.
    """
    module_name, _, class_name = EXECUTORS[name].partition(":")
    executor: Executor = getattr(importlib.import_module(module_name), class_name)(options)
    return executor
