"""What the parameters of trials are: each a function of the study file and of the results of trials well before it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from rliable.config.study_file import Study
from rliable.registry import SAMPLERS
from rliable.seeding import derive_seed
from rliable.tuning.samplers.base import Sampler
from rliable.tuning.samplers.numbered import make_fixed

#: How those keys of a trial's attributes begin that hold what a sampler keeps in the study.
OF_STUDY = "study:"


class Choices:
    """Chooses the parameters of one trial after the other, as a study without any clock would.

    Trial n of a sampler that learns is chosen from the results of the trials before n - `lag`, whatever has come in
    besides; of those between it knows the parameters, as of trials that run. So neither the order in which results
    arrive nor a crash changes a choice.

    Attributes:
      num_chosen: how many trials have been chosen or adopted.
    """

    def __init__(self, study: Study, seed: int) -> None:
        """Begins without trials.

        Args:
          study: what is searched.
          seed: of the study.
        """
        sampler_class: type[Sampler] = SAMPLERS.load(study.config.sampler)
        self._sampler = sampler_class(study.space, seed, study.config.sampler_options)
        self._space = study.space
        self._lag = study.config.lag or 0
        self._given, self._seed = study.given, seed
        self._storage = InMemoryStorage()
        self._study = optuna.create_study(storage=self._storage, direction=direction_of(study))
        self._study_id = self._storage.get_study_id_from_name(self._study.study_name)
        self._results: dict[int, FrozenTrial] = {}  # those that the sampler has not been told, by number
        self._num_told = 0
        self.num_chosen = 0

    def is_ready(self, number: int) -> bool:
        """Whether all is there that the choice of a trial depends on."""
        return all(earlier in self._results for earlier in self._due(number))

    def choose(self, number: int) -> FrozenTrial:
        """Chooses the parameters of the next trial, once it `is_ready`: else from fewer results than it should.

        Args:
          number: of the trial; it is the next one.

        Returns:
          The trial as Optuna holds it, with what the sampler keeps in it for itself.
        """
        assert number == self.num_chosen, f"trial {number} is not the next one"
        before = dict(self._storage.get_study_system_attrs(self._study_id))
        for earlier in itertools.takewhile(self._results.__contains__, self._due(number)):
            self._learn(self._results.pop(earlier))
        self._study.sampler = self._sampler_of(number)
        trial = self._study.ask()
        self._space.suggest(trial)
        self.num_chosen += 1
        chosen = copy.copy(self._storage.get_trial(self._id_of(trial.number)))
        chosen.number, chosen.system_attrs = number, {**chosen.system_attrs, **self._kept_since(before)}
        return chosen

    def adopt(self, trial: FrozenTrial) -> None:
        """Takes over the next trial, all of whose parameters were chosen before."""
        self.num_chosen += 1
        if not self._sampler.uses_results:
            return
        running = copy.copy(trial)
        running.state, running.values, running.datetime_complete = TrialState.RUNNING, None, None
        running.user_attrs, running.intermediate_values = {}, {}
        self._storage.create_new_trial(self._study_id, running)
        for key, value in trial.system_attrs.items():
            if key.startswith(OF_STUDY):
                self._storage.set_study_system_attr(self._study_id, key.removeprefix(OF_STUDY), value)

    def tell(self, trial: FrozenTrial) -> None:
        """Takes the result of a trial, in any order; those that no choice depends on are dropped."""
        if self._sampler.uses_results:
            self._results[trial.number] = trial

    def _kept_since(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """What the sampler has come to keep in the study for itself, as what a trial keeps of it."""
        now = self._storage.get_study_system_attrs(self._study_id)
        return {f"{OF_STUDY}{key}": value for key, value in now.items() if before.get(key) != value}

    def _due(self, number: int) -> range:
        """The trials whose results the sampler has to be told before a trial is chosen."""
        learns = self._sampler.uses_results and number >= len(self._given)
        return range(self._num_told, number - self._lag if learns else 0)

    def _learn(self, result: FrozenTrial) -> None:
        """Tells the sampler a result."""
        if (step := result.last_step) is not None:  # which of the others came is chance
            reported = result.intermediate_values[step]
            self._storage.set_trial_intermediate_value(self._id_of(result.number), step, reported)
        self._study.sampler = self._sampler_of(result.number)
        value = result.value if result.state is TrialState.COMPLETE else None
        self._study.tell(result.number, value, state=result.state)
        self._num_told += 1

    def _sampler_of(self, number: int) -> BaseSampler:
        """What chooses a trial; those that the study was given are none of the sampler's, which counts from there."""
        if number >= len(self._given):
            return self._sampler.make(number - len(self._given))
        known = {name: value for name, value in self._given[number].items() if name in self._space.varied}
        return make_fixed(self._space.encode(known), derive_seed(self._seed, "given", number))

    def _id_of(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)


def direction_of(study: Study) -> StudyDirection:
    """Whether more or less of a study's metric is better, in Optuna's words."""
    return StudyDirection.MAXIMIZE if study.config.metric.criteria == "max" else StudyDirection.MINIMIZE
