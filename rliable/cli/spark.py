"""A SparkContext for commands that run one model in this process."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from rliable.executors.base import ExecutorOptions
from rliable.unit import ModelConfig


@contextlib.contextmanager
def context_if_needed(model: ModelConfig) -> Iterator[Any]:
    """The context for a model with `data: rdd`, stopped at the end; None for all others."""
    if model.data != "rdd":
        yield None
        return
    spark = importlib.import_module("rliable.executors.spark.context")
    connection = spark.SparkConnection(ExecutorOptions(class_names=(model.class_name,)))
    try:
        yield connection.sc
    finally:
        connection.close()
