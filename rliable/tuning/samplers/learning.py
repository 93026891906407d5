"""Samplers that learn from the trials told so far: Optuna's, made anew for each trial."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from rliable.tuning.samplers.base import OptunaSampler

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class TPE(OptunaSampler):
    """tree-structured Parzen estimator

    Running trials count as bad ones, so parallel trials differ.
    """

    defaults = {"constant_liar": True}

    @classmethod
    def optuna_class(cls) -> type | None:
        from optuna.samplers import TPESampler

        return TPESampler


class CMAES(OptunaSampler):
    """covariance matrix adaptation, for numbers

    Its state is read back from the journal for each trial. It covers the numbers that every configuration has; others
    are drawn at random.
    """

    defaults = {"warn_independent_sampling": False}

    @classmethod
    def optuna_class(cls) -> type | None:
        from optuna.samplers import CmaEsSampler

        return CmaEsSampler

    def make(self, number: int) -> BaseSampler:
        from rliable.tuning.samplers.unconditional import Unconditional

        return Unconditional(super().make(number), frozenset(self.space.conditions))


class GaussianProcess(OptunaSampler):
    """Gaussian process, for few trials

    Bayesian optimisation.
    """

    needs = "torch==2.1.2" if find_spec("tf_agents") else "torch"  # newer ones do not fit tf-agents' pins

    @classmethod
    def optuna_class(cls) -> type | None:
        from optuna.samplers import GPSampler

        return GPSampler
