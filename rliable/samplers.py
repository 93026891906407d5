"""The samplers, by name: each makes the Optuna sampler that chooses the parameters of one trial.

A sampler lives for one trial and is seeded from (study seed, trial number), so a trial's parameters depend on the
number and, for tpe, cmaes and gp, on the trials told so far; never on a generator that a crash would lose. For grid,
qmc, and random on a small discrete space, the configuration is a function of the number alone: Optuna's own GridSampler
and QMCSampler look at which trials run or have finished, which depends on the number of workers.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from rliable.schema import nearest
from rliable.search_space import SearchSpace
from rliable.seeding import derive_seed

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

#: Up to this many configurations, random search uses each once before it repeats any.
MAX_SHUFFLED = 10_000

#: Trials on which `sampler_options` are tried out.
NUM_TRIED = 12

#: Constructor arguments of Optuna's samplers that a study file cannot or must not set.
RESERVED_OPTIONS = {"self", "seed", "gamma", "weights", "constraints_func", "independent_sampler", "source_trials"}


@dataclasses.dataclass(frozen=True)
class SamplerEntry:
    """One row of the registry.

    Attributes:
      make: (space, seed of the study, trial number, options) -> Optuna sampler for that trial.
      doc: one sentence for the user.
      options: (Optuna's class, or None) whose constructor arguments `sampler_options` may set.
      uses_results: whether a choice depends on earlier results, and so on their order at level 1 and 2.
      needs: a package that must be installed besides requirements.txt, pinned to the version that fits the other pins.
    """

    make: Callable[[SearchSpace, int, int, dict[str, Any]], BaseSampler]
    doc: str
    options: str | None = None
    uses_results: bool = False
    needs: str | None = None


def make_random(space: SearchSpace, seed: int, number: int, options: dict[str, Any]) -> BaseSampler:
    """Uniform; on a small discrete space a new shuffle of all configurations each time they are used up."""
    if space.size is None or space.size > MAX_SHUFFLED:
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=derive_seed(seed, "sampler", number))
    turn, position = divmod(number, space.size)
    order = np.random.default_rng(derive_seed(seed, "shuffle", turn)).permutation(space.size)
    return make_fixed(space, space.configuration_at(int(order[position])))


def make_grid(space: SearchSpace, seed: int, number: int, options: dict[str, Any]) -> BaseSampler:
    """Every configuration once, in the order of the study file; the last parameter varies fastest."""
    return make_fixed(space, space.configuration_at(number))


def make_qmc(space: SearchSpace, seed: int, number: int, options: dict[str, Any]) -> BaseSampler:
    """Point `number` of a scrambled Sobol or Halton sequence (SciPy's, as in Optuna's QMCSampler)."""
    from scipy.stats import qmc

    engine = {"sobol": qmc.Sobol, "halton": qmc.Halton}[options.get("qmc_type", "sobol")]
    generator = np.random.default_rng(derive_seed(seed, "qmc"))
    sequence = engine(max(len(space.varied), 1), scramble=options.get("scramble", True), rng=generator)
    if number > 0:  # SciPy cannot go forward by nothing
        sequence.fast_forward(number)
    point = sequence.random(1)[0]
    return make_fixed(space, {n: p.from_unit(float(u)) for u, (n, p) in zip(point, space.varied.items(), strict=False)})


def make_tpe(space: SearchSpace, seed: int, number: int, options: dict[str, Any]) -> BaseSampler:
    """Tree-structured Parzen estimator; running trials count as bad ones, so parallel trials differ."""
    from optuna.samplers import TPESampler

    return TPESampler(**{"constant_liar": True, **options}, seed=derive_seed(seed, "sampler", number))


def make_cmaes(space: SearchSpace, seed: int, number: int, options: dict[str, Any]) -> BaseSampler:
    """Covariance matrix adaptation; its state is read back from the journal for each trial."""
    from optuna.samplers import CmaEsSampler

    quiet = {"warn_independent_sampling": False}
    return CmaEsSampler(**{**quiet, **options}, seed=derive_seed(seed, "sampler", number))


def make_gp(space: SearchSpace, seed: int, number: int, options: dict[str, Any]) -> BaseSampler:
    """Bayesian optimisation with a Gaussian process."""
    from optuna.samplers import GPSampler

    return GPSampler(**options, seed=derive_seed(seed, "sampler", number))


SAMPLERS: dict[str, SamplerEntry] = {
    "random": SamplerEntry(make_random, "uniform over the search space"),
    "grid": SamplerEntry(make_grid, "every configuration once, in order"),
    "qmc": SamplerEntry(make_qmc, "a low-discrepancy sequence, more even than random", "QMCSampler"),
    "tpe": SamplerEntry(make_tpe, "tree-structured Parzen estimator", "TPESampler", uses_results=True),
    "cmaes": SamplerEntry(make_cmaes, "covariance matrix adaptation, for numbers", "CmaEsSampler", uses_results=True),
    "gp": SamplerEntry(make_gp, "Gaussian process, for few trials", "GPSampler", True, needs="torch==2.1.2"),
}


def make_fixed(space: SearchSpace, configuration: dict[str, Any]) -> BaseSampler:
    """A sampler that answers with one given configuration."""
    from optuna.samplers import PartialFixedSampler, RandomSampler

    labels = {name: encode(space, name, value) for name, value in configuration.items()}
    with warnings.catch_warnings():  # Optuna marks PartialFixedSampler as experimental since 2.4
        warnings.simplefilter("ignore")
        return PartialFixedSampler(labels, RandomSampler(seed=0))


def encode(space: SearchSpace, name: str, value: Any) -> Any:
    """What stands for `value` in Optuna's journal."""
    parameter = space.varied[name]
    labels = getattr(parameter, "labels", None)
    return labels()[parameter.values.index(value)] if labels else value  # type: ignore[union-attr]


def sampler_problems(name: str, options: dict[str, Any], space: SearchSpace) -> list[str]:
    """What is wrong with the `sampler` and `sampler_options` of a study, one line per mistake."""
    if name not in SAMPLERS:
        return [f"sampler: unknown {name!r}{nearest(name, SAMPLERS)}"]
    entry = SAMPLERS[name]
    if entry.needs and not can_import(entry.needs.partition("==")[0]):
        return [f"sampler: {name!r} needs a package more: pip install {entry.needs}"]
    if name == "grid" and space.size is None:
        endless = [key for key, parameter in space.varied.items() if parameter.size is None]
        return [f"grid.{key}: the grid sampler needs a step or a list of values" for key in endless]
    known = option_names(entry)
    if options and not known:
        return [f"sampler_options: {name} takes no options"]
    problems = [f"sampler_options.{key}: unknown option{nearest(key, known)}" for key in options if key not in known]
    return problems or option_value_problems(name, entry, options, space)


def can_import(module: str) -> bool:
    """Tells whether a module is there and works with the other packages."""
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def option_names(entry: SamplerEntry) -> list[str]:
    """The names that `sampler_options` may hold."""
    if entry.options is None:
        return []
    import optuna

    arguments = inspect.signature(getattr(optuna.samplers, entry.options)).parameters
    return [name for name in arguments if name not in RESERVED_OPTIONS and not name.startswith("warn_")]


def option_value_problems(name: str, entry: SamplerEntry, options: dict[str, Any], space: SearchSpace) -> list[str]:
    """Tries the sampler on trials in memory; Optuna's own words for what it does not take."""
    if not options:
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try_sampler(entry, options, space)
    except Exception as error:
        return [f"sampler_options: {name} refuses {options}: {(str(error) or type(error).__name__).splitlines()[0]}"]
    return []


def try_sampler(entry: SamplerEntry, options: dict[str, Any], space: SearchSpace) -> None:
    """Samples some trials, enough for a sampler to come out of its random beginning."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    for number in range(NUM_TRIED):
        study.sampler = entry.make(space, 0, number, options)
        trial = study.ask()
        space.suggest(trial)
        study.tell(trial, float(number))
