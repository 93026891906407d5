"""Takes up a study where its journal stands: a new one from nothing, another where a search before this one left it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from rliable.config.study_file import Study
from rliable.records.folders import StudyFolder
from rliable.records.results import StudyRecord
from rliable.records.views import load_finished, mend_trials
from rliable.records.writing import StudyFolderError, study_files_at
from rliable.schema import ConfigError
from rliable.tuning.journal import Journal, JournalTrial
from rliable.tuning.open_trials import OpenTrials
from rliable.tuning.sessions import Session, with_ends
from rliable.tuning.standings import Standings


@dataclasses.dataclass(frozen=True)
class Books:
    """Where a study stands; the tuner goes on with these.

    Attributes:
      study: what is searched.
      seed: of the study.
      journal: where everything is written first.
      standings: the trials that have finished.
      open_trials: those that a crash or an interrupt left open.
      sessions: of the searches before this one.
      finished: the study's record, if it has finished and its files say so; then nothing is left to do or to write.
    """

    study: Study
    seed: int
    journal: Journal
    standings: Standings
    open_trials: OpenTrials
    sessions: list[Session]
    finished: StudyRecord | None


def take_up(study: Study, seed: int, folder: StudyFolder) -> Books:
    """Reads a study's journal, and makes those files again that have gone since it was written.

    The journal says all there is to say of finished trials, so `trial.json`, `results.json` and `trials.csv` come back.
    What a run left in its own folder does not.

    Args:
      study: what is searched.
      seed: of the study.
      folder: the study's folder, locked.

    Raises:
      StudyFolderError: a file cannot be read or written.
      ConfigError: the journal is damaged, or of a later version.
    """
    standings, open_trials = Standings(study), OpenTrials(study, seed)
    with journal_at(folder.journal):
        journal = Journal(folder.journal, study, seed)
        trials = [trial for trial in journal.trials() if not trial.is_cancelled]
        sessions = with_ends(journal.sessions(), [run for trial in trials for run in trial.runs.values()])
        for trial in trials:
            take_up_trial(trial, journal, standings, open_trials)
    with study_files_at(folder.path):
        mend_trials(folder, standings.trials())
        finished = load_finished(folder, standings.trials()) if standings.is_over else None
    if finished is not None and finished.max_iters != study.config.max_iters:
        finished = None  # it had converged, and is told to go on: only its record changes
    return Books(study, seed, journal, standings, open_trials, sessions, finished)


@contextlib.contextmanager
def journal_at(path: Path) -> Iterator[None]:
    """Turns whatever a damaged journal leads to, within the block, into one line: Optuna takes every line as it is.

    Raises:
      StudyFolderError: it cannot be read or written.
      ConfigError: it is not the journal of this study.
    """
    try:
        with study_files_at(path):
            yield
    except (ConfigError, StudyFolderError):
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ConfigError([f"{path}: damaged, or not the journal of this study: {reason:.300}"]) from error


def take_up_trial(trial: JournalTrial, journal: Journal, standings: Standings, open_trials: OpenTrials) -> None:
    """Takes over a trial from the journal: finished, left open, or with all its runs and not told."""
    open_trials.open(trial.number, trial.params)
    for run in trial.runs.values():
        open_trials.add_run(trial.number, run)
    if open_trials.is_complete(trial.number):
        record = open_trials.close(trial.number)
        if not trial.is_told:
            journal.tell(record.number, record.value, record.error, record.is_pruned)
        standings.add(record)
