"""Samplers whose choice is a function of the trial's number alone.

Optuna's own GridSampler and QMCSampler look at which trials run or have finished, which depends on the number of
workers.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rliable.config.parameters import Range
from rliable.config.search_space import SearchSpace
from rliable.schema import Problem, join
from rliable.seeding import derive_seed
from rliable.tuning.samplers.base import Sampler

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

#: Up to this many configurations, random search uses each once before it repeats any.
MAX_SHUFFLED = 10_000


class RandomSearch(Sampler):
    """uniform over the search space

    On a small discrete space a new shuffle of all configurations each time they are used up; with a `log` range or a
    condition not all configurations are equally likely, and none are shuffled.
    """

    def make(self, number: int) -> BaseSampler:
        space = self.space
        has_log = any(isinstance(parameter, Range) and parameter.log for parameter in space.varied.values())
        is_even = not has_log and not space.conditions
        if space.size is None or space.size > MAX_SHUFFLED or not is_even:
            from optuna.samplers import RandomSampler

            return RandomSampler(seed=derive_seed(self.seed, "sampler", number))
        turn, position = divmod(number, space.size)
        order = np.random.default_rng(derive_seed(self.seed, "shuffle", turn)).permutation(space.size)
        return make_fixed(space.encode(space.configuration_at(int(order[position]))))


class Grid(Sampler):
    """every configuration once, in order

    The order is that of the study file; the last parameter varies fastest.
    """

    ends_with_space = True

    def make(self, number: int) -> BaseSampler:
        return make_fixed(self.space.encode(self.space.configuration_at(number)))

    @classmethod
    def space_problems(cls, space: SearchSpace) -> list[Problem]:
        endless = [name for name, parameter in space.varied.items() if parameter.size is None]
        return [Problem(join("grid", name), "the grid sampler needs a step or a list of values") for name in endless]


class QuasiMonteCarlo(Sampler):
    """a low-discrepancy sequence, more even than random

    Trial i gets point i of a scrambled Sobol or Halton sequence (SciPy's, as in Optuna's QMCSampler).
    """

    @classmethod
    def optuna_class(cls) -> type | None:
        from optuna.samplers import QMCSampler

        return QMCSampler

    def make(self, number: int) -> BaseSampler:
        from scipy.stats import qmc

        engine = {"sobol": qmc.Sobol, "halton": qmc.Halton}[self.options.get("qmc_type", "sobol")]
        generator = np.random.default_rng(derive_seed(self.seed, "qmc"))
        varied = self.space.varied
        sequence = engine(max(len(varied), 1), scramble=self.options.get("scramble", True), rng=generator)
        if number > 0:  # SciPy cannot go forward by nothing
            sequence.fast_forward(number)
        point = sequence.random(1)[0]
        configuration = {name: p.from_unit(float(u)) for u, (name, p) in zip(point, varied.items(), strict=False)}
        return make_fixed(self.space.encode(self.space.active(configuration)))


def make_fixed(labels: Mapping[str, Any], seed: int = 0) -> BaseSampler:
    """A sampler that answers with one configuration.

    Args:
      labels: the values, as Optuna's journal holds them.
      seed: of the draws for what is not among them.
    """
    from optuna.samplers import PartialFixedSampler, RandomSampler

    with warnings.catch_warnings():  # Optuna marks PartialFixedSampler as experimental since 2.4
        warnings.simplefilter("ignore")
        return PartialFixedSampler(dict(labels), RandomSampler(seed=seed))
