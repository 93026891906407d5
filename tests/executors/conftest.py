"""One SparkContext per test module: starting Spark costs seconds, and a process has one context at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rliable.executors.base import ExecutorOptions


def start_spark(master: str, folder: Path) -> Iterator[Any]:
    """A context at a master, stopped after use."""
    from rliable.executors.spark.context import make_context, stop_context

    sc = make_context(ExecutorOptions(master=master, log_path=folder / "spark.txt"))
    yield sc
    stop_context(sc)


@pytest.fixture(scope="module")
def local_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Room for three slots in one machine's Spark."""
    yield from start_spark("local[3]", tmp_path_factory.mktemp("spark"))


@pytest.fixture(scope="module")
def cluster_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two executors in processes of their own, which import nothing that was not shipped."""
    before = os.environ.pop("PYTHONPATH", None)
    yield from start_spark("local-cluster[2,1,1024]", tmp_path_factory.mktemp("spark"))
    if before is not None:
        os.environ["PYTHONPATH"] = before
