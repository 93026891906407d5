"""The trials that have been asked for, not told: what of each has been run, what is left."""

from __future__ import annotations

import dataclasses
from typing import Any

from rliable.config.study_file import Study
from rliable.records.results import TrialRecord, make_trial_record
from rliable.seeding import derive_seed
from rliable.unit import RunRecord, TrialSpec, Unit


class OpenTrials:
    """Keeps the books of open trials."""

    def __init__(self, study: Study, seed: int) -> None:
        """Begins without any.

        Args:
          study: what is searched.
          seed: of the study.
        """
        self._study = study
        self._seed = seed
        self._specs: dict[int, TrialSpec] = {}
        self._runs: dict[int, dict[int, RunRecord]] = {}  # the finished ones, by trial and index

    def __len__(self) -> int:
        return len(self._specs)

    def open(self, number: int, params: dict[str, Any]) -> None:
        """Takes a trial that has been asked for.

        Args:
          number: of the trial.
          params: its sampled values.
        """
        hp_params = {**self._study.model.hp_params, **self._study.space.fixed, **params}
        model = dataclasses.replace(self._study.model, hp_params=hp_params)
        seeds = tuple(derive_seed(self._seed, "run", number, i) for i in range(self._study.config.seeds_per_trial))
        self._specs[number] = TrialSpec(number, params, model, seeds, self._study.limits)
        self._runs[number] = {}

    def spec(self, number: int) -> TrialSpec:
        """What an open trial is."""
        return self._specs[number]

    def add_run(self, number: int, run: RunRecord) -> None:
        """Takes a finished run of an open trial."""
        self._runs[number][run.run] = run

    def is_complete(self, number: int) -> bool:
        """Whether all runs of an open trial have finished."""
        return len(self._runs[number]) == len(self._specs[number].seeds)

    def close(self, number: int) -> TrialRecord:
        """Gives up a trial whose runs have all finished; what came of it."""
        return make_trial_record(self._specs.pop(number), self._runs.pop(number), self._study.config.metric)

    def numbers(self) -> list[int]:
        """The open trials, lowest first."""
        return sorted(self._specs)

    def units(self, number: int) -> list[Unit]:
        """The runs of an open trial that have not finished."""
        return [unit for unit in self._specs[number].units() if unit.run not in self._runs[number]]
