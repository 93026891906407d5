"""Samplers that learn from the trials told so far: Optuna's, made anew for each trial."""

from __future__ import annotations

from rliable.tuning.samplers.base import OptunaSampler


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

    Its state is read back from the journal for each trial.
    """

    defaults = {"warn_independent_sampling": False}

    @classmethod
    def optuna_class(cls) -> type | None:
        from optuna.samplers import CmaEsSampler

        return CmaEsSampler


class GaussianProcess(OptunaSampler):
    """Gaussian process, for few trials

    Bayesian optimisation.
    """

    needs = "torch==2.1.2"

    @classmethod
    def optuna_class(cls) -> type | None:
        from optuna.samplers import GPSampler

        return GPSampler
