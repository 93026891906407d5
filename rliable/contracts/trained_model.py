"""The contract of a model: it trains, is saved and loaded, and follows from its configuration and seed."""

from __future__ import annotations

import dataclasses
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from rliable.executors.worker import (
    Exchange,
    error_line,
    evaluate_here,
    make_model,
    open_data,
    plain_curve,
    train_model,
)
from rliable.folder_files import read_files, write_files
from rliable.registry import MODELS
from rliable.schema import Problem
from rliable.unit import Limits, ModelConfig, Unit

RUN_SEED = 1


class RunFault(Exception):
    """What a run has met.

    Attributes:
      problem: the part of the contract, and why.
    """

    def __init__(self, part: str, words: str) -> None:
        super().__init__(words)
        self.problem = Problem(part, words)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a run: its files, and all that must be equal in another one of the same seed."""

    files: dict[str, bytes]
    metrics: dict[str, float]
    predictions: Any
    learning_curve: list[dict[str, float]]


def run_problems(config: ModelConfig) -> list[Problem]:
    """The faults of a model, the first that is met."""
    try:
        first = outcome_of(config, 0)
        check_metrics(config, first)
        check_loaded(config, first)
        check_same(first, outcome_of(config, 1))
    except RunFault as fault:
        return [fault.problem]
    return []


def outcome_of(config: ModelConfig, shift: int) -> Outcome:
    """Trains, saves and evaluates, with the generators that all of a process share in a state of their own."""
    np.random.seed(shift)
    random.seed(shift)
    unit = Unit(0, 0, config, RUN_SEED, Limits())
    with tempfile.TemporaryDirectory(prefix="rliable-") as folder:
        model = make_model(config, RUN_SEED, folder)
        attempt("train", train_model, model, unit, None, Exchange())
        attempt("save", model.save)
        files = read_files(folder)
        told = attempt("evaluate", evaluate_here, model, files, open_data(config), "check", None)
        return Outcome(files, told["metrics"], told["predictions"], plain_curve(model))


def attempt(part: str, function: Any, *args: Any) -> Any:
    """Calls a part of a model; what it raises is its fault."""
    try:
        return function(*args)
    except (Exception, SystemExit) as error:
        raise RunFault(part, f"raised {error_line(error)}") from error


def check_metrics(config: ModelConfig, outcome: Outcome) -> None:
    """A model has to report what it declares."""
    declared = set(MODELS.load(config.class_name).metrics)
    if declared and set(outcome.metrics) != declared:
        found = ", ".join(sorted(outcome.metrics))
        raise RunFault("metrics", f"evaluate reports {found}; `metrics` declares {', '.join(sorted(declared))}")


def check_loaded(config: ModelConfig, outcome: Outcome) -> None:
    """What was saved, loaded elsewhere, has to have the same metrics."""
    with tempfile.TemporaryDirectory(prefix="rliable-") as folder:
        write_files(Path(folder), outcome.files)
        model = make_model(config, RUN_SEED, folder)
        attempt("load", model.load_model)
        told = attempt("load", evaluate_here, model, outcome.files, open_data(config), "check", None)
    if told["metrics"] != outcome.metrics:
        words = f"the loaded model has {told['metrics']}, the saved one {outcome.metrics}"
        raise RunFault("load", f"{words}; save must write, and load_model read, all that evaluate needs")


def check_same(first: Outcome, again: Outcome) -> None:
    """The same configuration and seed have to give the same result."""
    for name in ("learning_curve", "metrics", "predictions"):
        if getattr(first, name) != getattr(again, name):
            words = f"the same configuration and seed gave another {name.replace('_', ' ')}"
            raise RunFault("seed", f'{words}; draw every random number from a generator of cfg["seed"]')
