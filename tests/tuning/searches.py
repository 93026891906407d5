"""Whole searches in this process, for tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rliable.config.study_file import Study
from rliable.executors.base import Executor, ExecutorOptions
from rliable.executors.in_process import InProcessExecutor
from rliable.records.folders import StudyFolder
from rliable.records.results import StudyRecord, TrialRecord, load_record
from rliable.tuning.interrupts import Interrupts
from rliable.tuning.resume import take_up
from rliable.tuning.tuner import Surroundings, Tuner
from rliable.unit import Answer, ModelConfig, Report, RunRecord


class Diary:
    """Keeps what the tuner tells; can press Ctrl-C after some trials."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.trials: list[tuple[int, int | None, int]] = []
        self.stop_after = stop_after

    def trial_finished(self, trial: TrialRecord, best: TrialRecord | None, num_finished: int) -> None:
        self.trials.append((trial.number, best.number if best else None, num_finished))
        if len(self.trials) == self.stop_after:
            raise KeyboardInterrupt

    def run_reported(self, report: Report) -> Answer:
        return Answer.GO_ON

    def run_ended(self, run: RunRecord) -> None:
        pass


def model(name: str = "Score", **hp_params: Any) -> ModelConfig:
    """A model of tests/study_models.py."""
    return ModelConfig(f"tests.study_models:{name}", "tests/rows.jsonl", "", hp_params)


@contextlib.contextmanager
def open_tuner(
    study: Study, path: Path, seed: int = 1, listener: Any = None, executor: Executor | None = None
) -> Iterator[Tuner]:
    """A tuner that has taken up the study of a folder."""
    folder = StudyFolder(path)
    path.mkdir(exist_ok=True)
    folder.lock.take()
    executor = executor or InProcessExecutor(ExecutorOptions())
    with Interrupts() as interrupts:
        try:
            books = take_up(study, seed, folder)
            yield Tuner(books, Surroundings(folder, executor, listener or Diary(), interrupts))
        finally:
            executor.close()
            folder.lock.release()


def search(
    study: Study, path: Path, seed: int = 1, listener: Any = None, executor: Executor | None = None
) -> StudyRecord:
    """Runs a study in a folder, or goes on with it; gives its record as read back from disk."""
    with open_tuner(study, path, seed, listener, executor) as tuner:
        tuner.run()
    return load_record(path)
