"""How much each hyperparameter decides whether a trial is among the best: Optuna's PED-ANOVA.

Watanabe, Bansal, Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces", 2023,
arXiv:2304.10255.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from rliable.config.entries import is_finite_number
from rliable.config.parameters import OneMinus, Parameter, Range
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.formats import format_value
from rliable.report.plots.parts import Caption

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution


TITLE = "Parameter importance"
MIN_TRIALS = 10
NUM_TOP = 5


@dataclasses.dataclass(frozen=True)
class Importance:
    """The importances, or why there are none.

    Attributes:
      caption: its words; what counts as "among the best", or why there are no shares.
      shares: hyperparameter -> share in [0, 1], the largest first; they add up to 1.
    """

    caption: Caption
    shares: dict[str, float]


def importance_of(record: StudyRecord) -> Importance:
    """Works out the importances, if the study allows it."""
    trials = record.ranked()
    varied = list(record.space.varied)
    names = [name for name in varied if all(name in trial.params for trial in trials)]
    if len(trials) < MIN_TRIALS:
        return _missing(f"Parameter importance needs at least {MIN_TRIALS} finished trials; there are {len(trials)}.")
    if len({trial.value for trial in trials}) == 1:
        return _missing("Parameter importance needs trials that differ; all have the same value.")
    if len(varied) < 2:
        return _missing("Parameter importance compares hyperparameters; this study varies fewer than two.")
    if len(names) < 2:
        return _missing("Parameter importance compares hyperparameters that every trial has; there are fewer than two.")
    shares = _shares(record, trials, names)
    if not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-6):
        return _missing("No hyperparameter tells the best trials from the others.")
    note = f"for being among the best {100 * top_share(len(trials)):.0f} % of the trials"
    others = ", ".join(name for name in varied if name not in names)
    return Importance(Caption(TITLE, f"{note}; without {others}, not in every trial" if others else note), shares)


def top_share(num_trials: int) -> float:
    """The share of trials that count as the best: a tenth, but no fewer than five trials, and at most half."""
    return min(0.5, max(0.1, NUM_TOP / num_trials))


def _missing(reason: str) -> Importance:
    return Importance(Caption(TITLE, missing=reason), {})


def _shares(record: StudyRecord, trials: list[TrialRecord], names: list[str]) -> dict[str, float]:
    import optuna

    varied = record.space.varied
    columns = {name: [searched(varied[name], trial.params[name]) for trial in trials] for name in names}
    distributions = {name: _distribution(varied[name], columns[name]) for name in names}
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=top_share(len(trials)))
    study = _silent_study(record.criteria)
    for i, trial in enumerate(trials):
        params = {name: _plain(distributions[name], columns[name][i]) for name in names}
        study.add_trial(optuna.create_trial(params=params, distributions=distributions, value=trial.value))
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def searched(parameter: Parameter, value: Any) -> Any:
    """The number that a search varies for a hyperparameter's value."""
    return 1.0 - value if isinstance(parameter, OneMinus) and is_finite_number(value) else value


def _silent_study(criteria: str) -> optuna.Study:
    """An empty study in memory, made without Optuna's line about it."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return optuna.create_study(direction="maximize" if criteria == "max" else "minimize")
    finally:
        optuna.logging.set_verbosity(verbosity)


def _distribution(parameter: Parameter, values: list[Any]) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    parameter = parameter.searched if isinstance(parameter, OneMinus) else parameter
    if not (isinstance(parameter, Range) and all(map(is_finite_number, values))):
        return CategoricalDistribution(list(dict.fromkeys(format_value(value) for value in values)))
    low, high = min(parameter.low, *values), max(parameter.high, *values)
    if parameter.is_integer and all(isinstance(value, int) for value in values):
        return IntDistribution(int(low), int(high), log=parameter.log and low >= 1)
    return FloatDistribution(low, high, log=parameter.log and low > 0)


def _plain(distribution: BaseDistribution, value: Any) -> Any:
    return format_value(value) if hasattr(distribution, "choices") else value
