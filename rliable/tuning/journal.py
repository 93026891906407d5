"""The study's record on disk: Optuna's journal, written by the driver alone.

A trial is asked for, gets one attribute per finished run, and is told once all its runs are in. All of that is appended
and flushed at once, so a crash at any moment loses no finished run; what a crash cut off in the middle of a line is
dropped when the journal is opened again.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import warnings
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FixedTrial, FrozenTrial, Trial, TrialState

from rliable.config.study_file import Study
from rliable.records.encoding import as_json
from rliable.records.results import run_from_json
from rliable.registry import SAMPLERS
from rliable.tuning.samplers.base import Sampler
from rliable.tuning.samplers.numbered import make_fixed
from rliable.unit import Report, RunRecord

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


class DriverStorage(JournalStorage):
    """A journal in which no trial ever waits to be taken up, so nobody has to look through all of them for one."""

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        is_search_for_waiting = states == (TrialState.WAITING,)
        return [] if is_search_for_waiting else super().get_all_trials(study_id, deepcopy, states)


class Journal:
    """Asks for and tells trials. Owned by the driver's main thread; one journal per folder."""

    def __init__(self, path: Path, study: Study, seed: int) -> None:
        """Opens or creates the journal at `path`.

        Args:
          path: the journal file; the caller holds the folder's lock.
          study: what is searched.
          seed: of the study, for the sampler.
        """
        optuna.logging.set_verbosity(logging.WARNING)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        drop_torn_line(path)
        Path(f"{path}.lock").unlink(missing_ok=True)  # left by a killed search, Optuna would wait 30 s for it
        self._search = study
        sampler_class: type[Sampler] = SAMPLERS.load(study.config.sampler)
        self._sampler = sampler_class(study.space, seed, study.config.sampler_options)
        self._storage = DriverStorage(JournalFileBackend(str(path)))
        self._study = optuna.create_study(
            storage=self._storage,
            study_name=study.config.optim_name,
            direction="maximize" if study.config.metric.criteria == "max" else "minimize",
            load_if_exists=True,
            sampler=optuna.samplers.RandomSampler(seed=0),
        )
        self._open: dict[int, Trial] = {}

    def ask(self, number: int) -> dict[str, Any]:
        """Creates the next trial.

        Args:
          number: its number, one above the last.

        Returns:
          The sampled values.
        """
        self._study.sampler = self._make_sampler(number)
        return self._sample(number, self._study.ask)

    def add_run(self, number: int, record: RunRecord) -> None:
        """Records a finished run of a trial."""
        self._open[number].set_user_attr(f"{RUN_ATTRIBUTE}_{record.run}", as_json(record))

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
            self._study.tell(trial, state=TrialState.FAIL)
        elif is_pruned:
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            assert value is not None and math.isfinite(value)
            self._study.tell(trial, value)
        del self._open[number]

    def cancel_open(self) -> None:
        """Marks the trials that were asked for and not told as failed: the study stopped without them."""
        for number in sorted(self._open):
            self.tell(number, None, CANCELLED)

    def trials(self) -> list[JournalTrial]:
        """Every trial asked for so far, in the order of numbers; open ones can be told afterwards."""
        return [self._read(frozen) for frozen in self._study.get_trials(deepcopy=False)]

    def _read(self, frozen: FrozenTrial) -> JournalTrial:
        runs = [run_from_json(v) for k, v in frozen.user_attrs.items() if k.startswith(f"{RUN_ATTRIBUTE}_")]
        is_told = frozen.state.is_finished()
        params = self._search.space.suggest(FixedTrial(frozen.params)) if is_told else self._reopen(frozen)
        is_cancelled = frozen.user_attrs.get(ERROR_ATTRIBUTE) == CANCELLED
        return JournalTrial(frozen.number, params, {run.run: run for run in runs}, is_told, is_cancelled)

    def _reopen(self, frozen: FrozenTrial) -> dict[str, Any]:
        """Takes up a trial that a crash left open; one that had not got all its values gets those it would have got."""
        if set(frozen.params) != set(self._search.space.varied):
            self._study.sampler = make_fixed(self._sample_again(frozen.number))
        study_id = self._storage.get_study_id_from_name(self._search.config.optim_name)
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(study_id, frozen.number)
        return self._sample(frozen.number, lambda: Trial(self._study, trial_id))

    def _sample_again(self, number: int) -> dict[str, Any]:
        """What a trial's sampler chooses, given the trials before it, as the journal would hold it."""
        copy = optuna.create_study(direction=self._study.direction, sampler=self._make_sampler(number))
        copy.add_trials(self._study.get_trials(deepcopy=False)[:number])
        trial = copy.ask()
        self._search.space.suggest(trial)
        return trial.params

    def _make_sampler(self, number: int) -> BaseSampler:
        return self._sampler.make(number)

    def _sample(self, number: int, make_trial: Callable[[], Trial]) -> dict[str, Any]:
        trial = make_trial()
        assert trial.number == number, f"the journal is at trial {trial.number}, not {number}"
        self._open[number] = trial
        return self._search.space.suggest(trial)


def drop_torn_line(path: Path) -> None:
    """Cuts off a last line that has no end, or is no JSON: a crash came while it was written."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    last = whole.rstrip(b"\n").rpartition(b"\n")[2]
    if last and not is_json(last):
        whole = whole[: len(whole) - len(last) - 1]
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))


def is_json(line: bytes) -> bool:
    """Tells whether a line of the journal is whole."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
