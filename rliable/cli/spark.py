"""A SparkContext for commands that run one model in this process."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from rliable.executors.options import ExecutorOptions
from rliable.trial import ModelConfig


@contextlib.contextmanager
def context_if_needed(model: ModelConfig) -> Iterator[Any]:
    """The context for a model with `data: rdd`, stopped at the end; None for all others."""
    if model.data != "rdd":
        yield None
        return
    spark_context = importlib.import_module("rliable.executors.spark_context")
    sc = spark_context.make_context(ExecutorOptions(class_names=(model.class_name,), files=(model.environment,)))
    try:
        yield sc
    finally:
        spark_context.stop_context(sc)
