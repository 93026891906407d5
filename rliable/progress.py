"""Where a study stands: which trials have finished, which is best, and whether the study is over.

Pure bookkeeping. Decisions follow trial numbers and not the order of arrival, so every mode comes to the same end.
"""

from __future__ import annotations

from rliable.config import Study
from rliable.convergence import ConvergenceRule
from rliable.record import TrialRecord


class Progress:
    """Takes finished trials in any order."""

    def __init__(self, study: Study) -> None:
        metric = study.config.metric
        self._study = study
        self._sign = 1.0 if metric.criteria == "max" else -1.0
        self._rule = ConvergenceRule(metric.criteria, study.config.convergence, study.config.patience)
        self._finished: dict[int, TrialRecord] = {}
        self._num_in_order = 0  # trials 0 ... n-1 have all finished and have been told to the rule
        self.is_converged = False
        self.best: TrialRecord | None = None

    def add(self, trial: TrialRecord) -> None:
        """Takes a trial that has finished, complete or failed."""
        self._finished[trial.number] = trial
        if self._is_better(trial):
            self.best = trial
        while not self.is_converged and self._num_in_order in self._finished:
            self.is_converged = self._rule.tell(self._finished[self._num_in_order].value)
            self._num_in_order += 1
        if self.is_converged:
            self._drop_later_trials()

    @property
    def num_finished(self) -> int:
        """How many trials have finished and count."""
        return len(self._finished)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.is_converged or self.num_finished >= self._study.num_trials

    def trials(self) -> list[TrialRecord]:
        """The trials that count, in the order of their numbers."""
        return [self._finished[number] for number in sorted(self._finished)]

    def stop_reason(self) -> str:
        """Why the study is over, in one line."""
        config = self._study.config
        if self.is_converged:
            gain = f"improved by no more than {config.convergence:g} over the last {config.patience} trials"
            return f"converged at trial {self._num_in_order - 1}: the best value {gain}"
        if self._study.num_trials < config.max_iters:
            return f"the grid is used up: all {self._study.num_trials} configurations have run"
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
