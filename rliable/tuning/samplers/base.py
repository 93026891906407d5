"""The contract of samplers, which a class of the user's own may keep as well as ours."""

from __future__ import annotations

import importlib
import inspect
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rliable.config.search_space import SearchSpace
from rliable.schema import ConfigError, Problem, join, nearest
from rliable.seeding import derive_seed

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

#: Trials on which `sampler_options` are tried out.
NUM_TRIED = 12
#: Constructor arguments of Optuna's samplers that a study file cannot or must not set.
RESERVED_OPTIONS = {"self", "seed", "gamma", "weights", "constraints_func", "independent_sampler", "source_trials"}


class Sampler(ABC):
    """Chooses the parameters of trials; the first line of its docstring is what users read of it.

    An object serves one study and lives in the driver's main thread. It keeps no state between trials: `make` gives
    an Optuna sampler for one trial, seeded from (study seed, trial number), so a trial's parameters depend on its
    number and, if it `uses_results`, on those trials that the study knows then, which follow from the number as well
    (`rliable.tuning.choices`); never on a generator that a crash would lose.

    Attributes:
      uses_results: whether a choice depends on the results of trials before it, for which it then waits; where it is
        False, the Optuna sampler never sees any.
      ends_with_space: whether it ends when every configuration has been chosen.
      needs: a package that must be installed besides requirements.txt, pinned to the version that fits the other pins.
    """

    uses_results: ClassVar[bool] = False
    ends_with_space: ClassVar[bool] = False
    needs: ClassVar[str | None] = None

    def __init__(self, space: SearchSpace, seed: int, options: Mapping[str, Any]) -> None:
        """Keeps what it needs.

        Args:
          space: the search space.
          seed: of the study.
          options: the `sampler_options` of the study file.
        """
        self.space = space
        self.seed = seed
        self.options = dict(options)

    @abstractmethod
    def make(self, number: int) -> BaseSampler:
        """The Optuna sampler for one trial.

        Args:
          number: of the trial, from 0.
        """

    @classmethod
    def optuna_class(cls) -> type | None:
        """The class whose constructor arguments `sampler_options` may set; None takes no options."""
        return None

    @classmethod
    def option_names(cls) -> list[str]:
        """The names that `sampler_options` may hold."""
        target = cls.optuna_class()
        arguments = inspect.signature(target).parameters if target is not None else {}
        return [name for name in arguments if name not in RESERVED_OPTIONS and not name.startswith("warn_")]

    @classmethod
    def space_problems(cls, space: SearchSpace) -> list[Problem]:
        """What of a search space it cannot work with."""
        return []

    @classmethod
    def problems(cls, name: str, options: Mapping[str, Any], space: SearchSpace) -> list[Problem]:
        """What is wrong with the `sampler` and `sampler_options` of a study.

        Args:
          name: what the study calls it.
          options: the `sampler_options`.
          space: the search space.
        """
        if cls.needs and not can_import(cls.needs.partition("==")[0]):
            return [Problem("sampler", f"{name!r} needs a package more: pip install {cls.needs}")]
        found = cls.space_problems(space)
        known = cls.option_names()
        if found or not options:
            return found
        if not known:
            return [Problem("sampler_options", f"{name} takes no options")]
        unknown = [key for key in options if key not in known]
        found = [Problem(join("sampler_options", key), f"unknown option{nearest(key, known)}") for key in unknown]
        return found or cls._refusals(name, options, space)

    @classmethod
    def _refusals(cls, name: str, options: Mapping[str, Any], space: SearchSpace) -> list[Problem]:
        """Tries it on trials in memory, and gives Optuna's own words for what it does not take."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try_sampler(cls(space, 0, options))
        except Exception as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            return [Problem("sampler_options", f"{name} refuses {dict(options)}: {reason}")]
        return []


class OptunaSampler(Sampler):
    """A sampler of Optuna's, or of the user's own that keeps Optuna's contract."""

    uses_results = True
    defaults: ClassVar[Mapping[str, Any]] = {}

    def make(self, number: int) -> BaseSampler:
        target = self.optuna_class()
        assert target is not None
        seed = {"seed": derive_seed(self.seed, "sampler", number)}
        takes_seed = "seed" in inspect.signature(target).parameters
        made: BaseSampler = target(**{**self.defaults, **self.options, **(seed if takes_seed else {})})
        return made


def as_sampler(name: str, found: Any) -> type[Sampler]:
    """What a study's `sampler` names, as a class of ours.

    Args:
      name: as the user wrote it.
      found: the object of that name: a `Sampler`, or any sampler class that keeps Optuna's contract.

    Raises:
      ConfigError: it is neither.
    """
    if inspect.isclass(found) and issubclass(found, Sampler):
        return found
    from optuna.samplers import BaseSampler

    if inspect.isclass(found) and issubclass(found, BaseSampler):
        body = {"__doc__": inspect.getdoc(found), "optuna_class": classmethod(lambda cls: found)}
        return type(found.__name__, (OptunaSampler,), body)
    words = f"{name} is no subclass of rliable's Sampler, nor of Optuna's BaseSampler"
    raise ConfigError([Problem("sampler", words)])


def can_import(module: str) -> bool:
    """Tells whether a module is there and works with the other packages."""
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def try_sampler(sampler: Sampler) -> None:
    """Samples some trials, enough for a sampler to come out of its random beginning."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    for number in range(NUM_TRIED):
        study.sampler = sampler.make(number)
        trial = study.ask()
        sampler.space.suggest(trial)
        study.tell(trial, float(number))
