"""Units of the tests' models, and what of their results must be the same everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from rliable.executors.base import ExecutorOptions
from rliable.executors.in_process import InProcessExecutor
from rliable.unit import Limits, ModelConfig, Unit, UnitResult

ROWS = str(Path(__file__).with_name("rows.csv"))


def make_unit(
    name: str, trial: int = 0, limits: Limits | None = None, data: str = "environment", **params: Any
) -> Unit:
    """A unit of a model in user_models.py."""
    model = ModelConfig(f"user_models:{name}", ROWS, "", params, data)
    return Unit(trial, 0, model, 100 + trial, limits or Limits())


def make_units(name: str, count: int, limits: Limits | None = None, **params: Any) -> list[Unit]:
    """Several units with the same hyperparameters and other seeds."""
    return [make_unit(name, trial, limits, **params) for trial in range(count)]


def make_options(name: str, **fields: Any) -> ExecutorOptions:
    """The options that units of a model need."""
    return ExecutorOptions(class_names=(f"user_models:{name}",), files=(ROWS,), **fields)


def facts(result: UnitResult) -> str:
    """All of a result but who made it and when, as text that is equal if every bit is."""
    slices = [(record.first, record.count, record.returns) for record in result.slices]
    files = {name: content.hex() for name, content in result.files.items()}
    names = ("trial", "run", "seed", "metrics", "predictions", "learning_curve", "error")
    return json.dumps([*(getattr(result, name) for name in names), slices, files])


def all_facts(results: Iterator[UnitResult]) -> list[str]:
    """The facts of all results in the order of trials."""
    return [facts(result) for result in sorted(results, key=lambda result: result.trial)]


def serial_facts(units: list[Unit]) -> list[str]:
    """The facts of units that are run one after the other in this process."""
    return all_facts(InProcessExecutor(ExecutorOptions()).execute(iter(units)))


def processes_with(text: str) -> list[int]:
    """The processes on this machine whose command line holds a text."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if text in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


def is_running(pid: int) -> bool:
    """Tells whether a process exists and is not a zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
