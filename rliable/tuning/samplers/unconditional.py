"""Keeps a sampler of Optuna's that cannot do with a changing set of parameters to those that every trial has."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState


class Unconditional(BaseSampler):
    """Another sampler, which never gets to see together what only some trials have.

    CmaEsSampler works on the parameters that all trials so far had. When a later one lacks some of them it falls back
    to random search for good.
    """

    def __init__(self, sampler: BaseSampler, conditional: Set[str]) -> None:
        """Keeps both.

        Args:
          sampler: the other sampler.
          conditional: the parameters that not every trial has; it is asked for each of them alone.
        """
        self._sampler = sampler
        self._conditional = conditional

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        found = self._sampler.infer_relative_search_space(study, trial)
        return {name: distribution for name, distribution in found.items() if name not in self._conditional}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._sampler.before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        self._sampler.after_trial(study, trial, state, values)
