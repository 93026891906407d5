"""Where a study stands, as far as its trials have finished.

Pure bookkeeping. Decisions follow trial numbers and not the order of arrival, so every mode comes to the same end.
"""

from __future__ import annotations

from typing import Protocol

from rliable.config.study_file import Study
from rliable.records.results import TrialRecord


class Standings:
    """Takes finished trials in any order."""

    def __init__(self, study: Study) -> None:
        metric = study.config.metric
        self._study = study
        self._sign = 1.0 if metric.criteria == "max" else -1.0
        convergence = ConvergenceRule(metric.criteria, study.config.convergence, study.config.patience)
        self._rules: list[StopRule] = [TargetRule(metric.criteria, study.config.target), convergence]
        self._stopped_by: StopRule | None = None
        self._finished: dict[int, TrialRecord] = {}
        self._num_in_order = 0  # trials 0 ... n-1 have all finished and have been told to the rules
        self.best: TrialRecord | None = None

    def add(self, trial: TrialRecord) -> None:
        """Takes a trial that has finished, complete or failed."""
        self._finished[trial.number] = trial
        if self._is_better(trial):
            self.best = trial
        while not self.is_stopped and self._num_in_order in self._finished:
            value = self._finished[self._num_in_order].value
            self._stopped_by = next((rule for rule in self._rules if rule.tell(value)), None)
            self._num_in_order += 1
        if self.is_stopped:
            self._drop_later_trials()

    @property
    def is_stopped(self) -> bool:
        """Whether one of the rules has ended the study before its last trial."""
        return self._stopped_by is not None

    @property
    def num_finished(self) -> int:
        """How many trials have finished and count."""
        return len(self._finished)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.is_stopped or self.num_finished >= self._study.num_trials

    def trials(self) -> list[TrialRecord]:
        """The trials that count, in the order of their numbers."""
        return [self._finished[number] for number in sorted(self._finished)]

    def stop_reason(self) -> str:
        """Why the study is over, in one line."""
        config = self._study.config
        if self._stopped_by is not None:
            return self._stopped_by.reason(self._num_in_order - 1)
        if not self.is_over:
            limit = f"study_timeout_seconds {config.study_timeout_seconds:g}"
            return f"{limit} reached: {self.num_finished} of {self._study.num_trials} trials have finished"
        if self._study.num_trials < config.max_iters:
            return f"the grid is used up: all {self._study.num_trials - len(self._study.given)} configurations have run"
        return f"max_iters reached: {config.max_iters} trials"

    def _is_better(self, trial: TrialRecord) -> bool:
        """Whether a trial beats the best; of equal ones the lower number wins."""
        if trial.value is None or self.best is None or self.best.value is None:
            return trial.value is not None
        return (self._sign * trial.value, -trial.number) > (self._sign * self.best.value, -self.best.number)

    def _drop_later_trials(self) -> None:
        """Forgets trials after the one that decided the stop: another mode would not have run them."""
        self._finished = {n: trial for n, trial in self._finished.items() if n < self._num_in_order}
        self.best = None
        for trial in self.trials():
            if self._is_better(trial):
                self.best = trial


class StopRule(Protocol):
    """What may end a study early; it is told of the trials in the order of their numbers."""

    def tell(self, value: float | None) -> bool:
        """Takes the value of the next trial, None if it has none; tells whether the study stops with it."""

    def reason(self, number: int) -> str:
        """Why the study stopped with a trial, in one line."""


class TargetRule:
    """Stops with the first trial that is as good as wished."""

    def __init__(self, criteria: str, target: float | None) -> None:
        """Sets the rule up.

        Args:
          criteria: "max" or "min".
          target: what is wished; None never stops.
        """
        self._criteria, self._target = criteria, target

    def tell(self, value: float | None) -> bool:
        if value is None or self._target is None:
            return False
        return value >= self._target if self._criteria == "max" else value <= self._target

    def reason(self, number: int) -> str:
        return f"target {self._target:g} reached by trial {number}"


class ConvergenceRule:
    """Stops when the best value improved by no more than a tolerance over the last trials.

    Values are told in the order of trial numbers. Failed trials count as trials without improvement. Nothing
    converges before some trial has finished, nor while the best of `patience` trials ago does not exist.
    """

    def __init__(self, criteria: str, tolerance: float | None, patience: int) -> None:
        """Sets the rule up.

        Args:
          criteria: "max" or "min".
          tolerance: the largest improvement that counts as none, at least 0; None never stops.
          patience: how many trials it may take to improve, at least 1.
        """
        self._sign = 1.0 if criteria == "max" else -1.0
        self._tolerance = tolerance
        self._patience = patience
        self._best: list[float | None] = []  # after each trial, as something to maximise

    def reason(self, number: int) -> str:
        gain = f"improved by no more than {self._tolerance:g} over the last {self._patience} trials"
        return f"converged at trial {number}: the best value {gain}"

    def tell(self, value: float | None) -> bool:
        previous = self._best[-1] if self._best else None
        signed = previous if value is None else self._sign * value
        self._best.append(signed if previous is None else max(previous, signed))  # type: ignore[type-var]
        return self._is_converged()

    def _is_converged(self) -> bool:
        if self._tolerance is None or len(self._best) <= self._patience:
            return False
        now, before = self._best[-1], self._best[-1 - self._patience]
        return now is not None and before is not None and now - before <= self._tolerance
