"""The study's record on disk: Optuna's journal, written by the driver alone.

A trial is asked for, gets one attribute per finished run, and is told once all its runs are in. All of that is appended
and flushed at once, so a crash at any moment loses no finished run; what a crash cut off in the middle of a line is
dropped when the journal is opened again.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FixedTrial, FrozenTrial, Trial, TrialState

from rliable.config.study_file import Study
from rliable.records.encoding import as_record, stamped
from rliable.tuning.choices import Choices, direction_of
from rliable.tuning.journal_file import DriverFile, DriverStorage
from rliable.tuning.samplers.numbered import make_fixed
from rliable.tuning.sessions import Session
from rliable.unit import Report, RunRecord

SESSIONS_ATTRIBUTE = "sessions"
RUN_ATTRIBUTE = "run"
ERROR_ATTRIBUTE = "error"
CANCELLED = "cancelled: the study had stopped"


@dataclasses.dataclass(frozen=True)
class JournalTrial:
    """A trial as the journal knows it.

    Attributes:
      number: from 0.
      params: the sampled values of the parameters that vary.
      runs: the finished runs by index.
      is_told: whether its result has been told.
      is_cancelled: whether the study stopped without it.
    """

    number: int
    params: dict[str, Any]
    runs: dict[int, RunRecord]
    is_told: bool
    is_cancelled: bool


@dataclasses.dataclass(frozen=True)
class SavedSessions:
    """What the journal keeps of the sessions."""

    sessions: list[Session] = dataclasses.field(default_factory=list)


class Journal:
    """Asks for and tells trials. Owned by the driver's main thread; one journal per folder."""

    def __init__(self, path: Path, study: Study, seed: int) -> None:
        """Opens or creates the journal at `path`.

        Args:
          path: the journal file; the caller holds the folder's lock.
          study: what is searched.
          seed: of the study, for the sampler.

        Raises:
          StudyFolderError: it cannot be read or written; so does every other method.
        """
        optuna.logging.set_verbosity(logging.WARNING)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        self._search = study
        self._choices = Choices(study, seed)
        self._path = path
        self._storage = DriverStorage(DriverFile(path))
        self._study = self._open_study()
        self._open: dict[int, Trial] = {}

    def may_ask(self, number: int) -> bool:
        """Whether all results are there from which the next trial is chosen."""
        self._catch_up(number)
        return self._choices.is_ready(number)

    def ask(self, number: int) -> dict[str, Any]:
        """Creates the next trial, once `may_ask` allows it.

        Args:
          number: its number, one above the last.

        Returns:
          The sampled values.
        """
        return self._write_down(self._choose(number), self._study.ask)

    def add_run(self, number: int, record: RunRecord) -> None:
        """Records a finished run of a trial."""
        self._open[number].set_user_attr(f"{RUN_ATTRIBUTE}_{record.run}", stamped(record))

    def add_report(self, report: Report, value: float) -> None:
        """Records what a run reports of itself while it goes on, as Optuna's intermediate value.

        A step that was reported before, by an earlier attempt or another run of the trial, keeps its value.

        Args:
          report: the report.
          value: the figure to be shown.
        """
        trial = self._open.get(report.trial)
        if trial is None or report.step < 0 or not math.isfinite(value):
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna warns of such steps
            trial.report(value, report.step)

    def tell(self, number: int, value: float | None, error: str | None, is_pruned: bool = False) -> None:
        """Records a trial's result: a finite value, an error, or that it was pruned."""
        trial = self._open[number]
        if error is not None:
            trial.set_user_attr(ERROR_ATTRIBUTE, error)
            told = self._study.tell(trial, state=TrialState.FAIL)
        elif is_pruned:
            told = self._study.tell(trial, state=TrialState.PRUNED)
        else:
            assert value is not None and math.isfinite(value)
            told = self._study.tell(trial, value)
        self._choices.tell(told)
        del self._open[number]

    def cancel_open(self) -> None:
        """Marks the trials that were asked for and not told as failed: the study stopped without them."""
        for number in sorted(self._open):
            self.tell(number, None, CANCELLED)

    def write_sessions(self, sessions: Sequence[Session]) -> None:
        """Records when searches worked on the study, replacing what was recorded of it before."""
        content = stamped(SavedSessions(list(sessions)))
        self._study.set_user_attr(SESSIONS_ATTRIBUTE, content)

    def sessions(self) -> list[Session]:
        """When searches worked on the study, as `write_sessions` recorded it last."""
        content = self._study.user_attrs.get(SESSIONS_ATTRIBUTE, {})
        return as_record(content, SavedSessions, str(self._path), "the sessions of a study").sessions

    def trials(self) -> list[JournalTrial]:
        """Every trial asked for so far, in the order of numbers; open ones can be told afterwards."""
        return [self._read(frozen) for frozen in self._study.get_trials(deepcopy=False)]

    def _open_study(self) -> optuna.Study:
        """Optuna's study; writes nothing if the journal has it already."""
        name, no_sampler = self._search.config.optim_name, optuna.samplers.RandomSampler(seed=0)
        if name in optuna.get_all_study_names(self._storage):
            return optuna.load_study(study_name=name, storage=self._storage, sampler=no_sampler)
        direction = direction_of(self._search)
        return optuna.create_study(study_name=name, storage=self._storage, sampler=no_sampler, direction=direction)

    def _read(self, frozen: FrozenTrial) -> JournalTrial:
        runs = [
            as_record(value, RunRecord, f"{self._path}: trial {frozen.number}", "the record of a run")
            for key, value in frozen.user_attrs.items()
            if key.startswith(f"{RUN_ATTRIBUTE}_")
        ]
        is_told = frozen.state.is_finished()
        params = self._search.space.suggest(FixedTrial(frozen.params)) if is_told else self._reopen(frozen)
        is_cancelled = frozen.user_attrs.get(ERROR_ATTRIBUTE) == CANCELLED
        return JournalTrial(frozen.number, params, {run.run: run for run in runs}, is_told, is_cancelled)

    def _reopen(self, frozen: FrozenTrial) -> dict[str, Any]:
        """Takes up a trial that a crash left open; one that had not got all its values gets those it would have got."""
        chosen = frozen if self._has_all_values(frozen) else self._choose(frozen.number)
        return self._write_down(chosen, lambda: Trial(self._study, self._id_of(frozen.number)))

    def _has_all_values(self, frozen: FrozenTrial) -> bool:
        try:
            self._search.space.suggest(FixedTrial(frozen.params))
        except ValueError:
            return False
        return True

    def _choose(self, number: int) -> FrozenTrial:
        """What a trial is to be."""
        self._catch_up(number)
        return self._choices.choose(number)

    def _catch_up(self, number: int) -> None:
        """Has the trials before one taken over that earlier searches have chosen."""
        if self._choices.num_chosen < number:
            for trial in self._study.get_trials(deepcopy=False)[self._choices.num_chosen : number]:
                self._choices.adopt(trial)
                if trial.state.is_finished():
                    self._choices.tell(trial)

    def _write_down(self, chosen: FrozenTrial, make_trial: Callable[[], Trial]) -> dict[str, Any]:
        """Gives a trial of the journal what was chosen: first what the sampler keeps, so that whole means with it."""
        self._study.sampler = make_fixed(chosen.params)
        trial, number = make_trial(), chosen.number
        assert trial.number == number, f"the journal is at trial {trial.number}, not {number}"
        for key, value in chosen.system_attrs.items():
            self._storage.set_trial_system_attr(self._id_of(number), key, value)
        self._open[number] = trial
        return self._search.space.suggest(trial)

    def _id_of(self, number: int) -> int:
        study_id = self._storage.get_study_id_from_name(self._search.config.optim_name)
        return self._storage.get_trial_id_from_study_id_trial_number(study_id, number)
