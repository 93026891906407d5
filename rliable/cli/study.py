"""Runs a study for whoever asks: the command `optimize` or the call `rliable.search`."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from rliable.config.claims import files_in, missing_devices
from rliable.config.environment import classes_of
from rliable.config.study_file import Study, load_study
from rliable.executors import make_executor
from rliable.executors.base import Executor, ExecutorOptions
from rliable.records.checkpoints import Checkpoints
from rliable.records.folders import StudyFolder
from rliable.records.results import StudyRecord
from rliable.records.saved_study import load_saved_study, names_to_trust_in, save_study, version_of
from rliable.registry import EXECUTORS, MODELS
from rliable.report.plots.drawer import CurveDrawer
from rliable.schema import ConfigError, nearest
from rliable.tuning.ends import Deadline
from rliable.tuning.interrupts import Interrupts
from rliable.tuning.resume import take_up
from rliable.tuning.tuner import Listener, Surroundings, Tuner


@dataclasses.dataclass(frozen=True)
class Mode:
    """Where a study runs.

    Attributes:
      executor: a registered executor, or a class of the user's own.
      level: of the parallel modes: 1 (a run is a unit) or 2 (its evaluation is cut into units as well).
      master: the Spark master; None for what spark-submit or Spark's settings say.
    """

    executor: str = "serial"
    level: int = 1
    master: str | None = None

    def executor_class(self) -> type[Executor]:
        """The executor's class.

        Raises:
          ConfigError: there is no such executor.
        """
        found: type[Executor] = EXECUTORS.load(self.executor)
        return found

    @property
    def name(self) -> str:
        """What records call it."""
        return (
            f"level {self.level}" if self.executor == "spark" else getattr(self.executor_class(), "mode", self.executor)
        )


#: The modes by the names that records give them.
MODES = {
    "serial": Mode(),
    "in-process": Mode("in-process"),
    "level 1": Mode("spark"),
    "level 2": Mode("spark", level=2),
}


@dataclasses.dataclass(frozen=True)
class OpenStudy:
    """A study that may be run: checked, in a folder that is locked.

    Attributes:
      study: what is searched.
      seed: of the study.
      folder: where it leaves what it finds.
      mode: where it runs.
      trusted: the names of code that it runs and with which its folder alone is not trusted.
    """

    study: Study
    seed: int
    folder: StudyFolder
    mode: Mode
    trusted: tuple[str, ...]

    def notes(self) -> list[str]:
        """What the user should know before it starts."""
        notes = list(self.study.notes)
        if self.mode.executor == "in-process":
            notes.append("--in-process: limits do not hold, and what a model does to its process it does to the search")
        return notes


class Audience(Listener, Protocol):
    """Who is told how a study goes."""

    def study_started(self, record: StudyRecord, notes: list[str]) -> None:
        """Called once before the first trial; the record holds the trials that are finished already."""


def start_study(path: str, overrides: dict[str, Any], output: str | None, mode: Mode) -> OpenStudy:
    """Checks a study and makes its folder.

    Args:
      path: the study file.
      overrides: values by key path, which replace those of the file.
      output: the folder; None makes runs/NAME-TIME.
      mode: where it is to run.

    Raises:
      ConfigError: a mistake in the files, or something is missing; nothing has been written.
    """
    study = load_study(path, overrides)
    seed = seed_of(study)
    check_place(study, mode)
    folder = StudyFolder(Path(output) if output else claim_folder(study.config.optim_name))
    folder.create()
    save_study(folder, study, seed)
    return OpenStudy(study, seed, folder, mode, names_to_trust_in(folder))


def resume_study(
    path: str, overrides: dict[str, Any], mode: Mode, across_versions: bool = False, trusted: Sequence[str] = ()
) -> OpenStudy:
    """Takes up the study in a folder.

    Args:
      path: the folder.
      overrides: changes of the study; see `load_saved_study`.
      mode: where it is to go on.
      across_versions: whether it goes on also where its model has become another.
      trusted: names of code that may be run though it is not found from the working folder.

    Raises:
      ConfigError: no study is there, or it names code that is not to be trusted, another search is writing to it, or a
        change would make other trials.
    """
    folder = StudyFolder(Path(path))
    folder.require()
    folder.require_no_way_out()
    folder.lock.take()
    study, seed = load_saved_study(folder, overrides, across_versions, trusted)
    check_place(study, mode)
    return OpenStudy(study, seed, folder, mode, names_to_trust_in(folder))


def check_place(study: Study, mode: Mode) -> None:
    """Looks for what a study needs where it is to run, as far as that can be seen from here.

    Raises:
      ConfigError: something is missing.
    """
    executor, model = mode.executor_class(), study.model
    executor.check(executor_options(study, mode, None))
    problems = missing_devices(MODELS.load(model.class_name), model.hp_params) if executor.is_here else []
    if problems:
        raise ConfigError(problems)


def run_study(
    opened: OpenStudy, audience: Audience, interrupts: Interrupts, draws_curves: bool, deadline: Deadline | None
) -> StudyRecord:
    """Runs a study to its end.

    Args:
      opened: the study.
      audience: is told how it goes.
      interrupts: keeps Ctrl-C away from the moments in which something is written.
      draws_curves: whether the learning curve of each run is drawn.
      deadline: when the search has to have ended; None for any time.

    Returns:
      Its record, which is also on disk.

    Raises:
      KeyboardInterrupt, SearchDrained, ExecutorError, StudyFolderError: see `Tuner.run`.
    """
    with CurveDrawer() as drawer, open_executor(opened) as executor:
        draw_curve = drawer.draw if draws_curves else None
        surroundings = Surroundings(opened.folder, executor, audience, interrupts, deadline, draw_curve)
        books = take_up(opened.study, opened.seed, opened.folder)
        if not books.standings.is_over:
            executor.gather()
        tuner = Tuner(books, surroundings)
        ends = [f"this search ends before {deadline}; --resume goes on"] if deadline else []
        slots = [*absent_slots(executor), *slots_of_no_use(opened.study, executor)]
        audience.study_started(tuner.record, [*opened.notes(), *slots, *ends])
        return tuner.run()


def absent_slots(executor: Executor) -> list[str]:
    """What to say of slots that were asked for and have not come."""
    came, asked = executor.num_started_slots, executor.num_slots
    if came and came >= asked:
        return []
    there_are = f"{came} of {asked} slots have come" if came else "no slot has come yet"
    return [f"{there_are}; others join when the cluster has cores for them"]


def slots_of_no_use(study: Study, executor: Executor) -> list[str]:
    """What to say of more slots than have something to do."""
    lag, num_slots = study.config.lag, max(executor.num_slots, executor.num_started_slots)
    if lag is None or num_slots <= (lag + 1) * study.config.seeds_per_trial:
        return []
    most = f"{lag + 1} trials run" if lag else "one trial runs"
    return [f"{study.config.sampler} learns from results: with lag {lag} at most {most}, so slots stay idle"]


@contextlib.contextmanager
def open_executor(opened: OpenStudy) -> Iterator[Executor]:
    """The study's executor, closed at the end whatever happens."""
    options = executor_options(opened.study, opened.mode, opened.folder)
    executor = make_executor(opened.mode.executor, options)
    try:
        yield executor
    finally:
        executor.close()


def executor_options(study: Study, mode: Mode, folder: StudyFolder | None) -> ExecutorOptions:
    """What the study's executor is made from; without a folder, for checking only."""
    return ExecutorOptions(
        num_workers=None if study.config.num_workers == "auto" else study.config.num_workers,
        level=mode.level,
        master=mode.master,
        app_name=study.config.optim_name,
        log_path=folder.log if folder else None,
        class_names=classes_of(study.model),
        model=study.model,
        files=(study.model.environment, *files_in(MODELS.load(study.model.class_name), study.model.hp_params)),
        uses_cluster=study.model.data == "rdd",
        threads=study.config.threads_per_trial,
        memory_mb=study.config.max_trial_memory_mb,
        gpus=study.config.gpus_per_trial,
        max_training_slots=study.config.max_training_slots,
        max_evaluation_slots=study.config.max_evaluation_slots,
        spool=folder.path if folder else None,
        checkpoints=Checkpoints(folder, version_of(study.model.class_name)) if folder else None,
    )


def seed_of(study: Study) -> int:
    """The study's seed; drawn where its file has none."""
    return secrets.randbits(31) if study.config.seed is None else study.config.seed


def claim_folder(name: str) -> Path:
    """Makes runs/NAME-TIME, with a number behind it when another study has that already."""
    base = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    for suffix in itertools.chain([""], (f"-{number}" for number in itertools.count(2))):
        with contextlib.suppress(FileExistsError):
            path = Path("runs", base + suffix)
            path.mkdir(parents=True)
            return path
    raise AssertionError("there is always one number more")


def mode_named(name: str, master: str | None = None) -> Mode:
    """The mode of a name.

    Args:
      name: a key of `MODES`, or a class of the user's own that is an executor.
      master: the Spark master.

    Raises:
      ConfigError: there is no such mode.
    """
    if name not in MODES and ":" not in name:
        raise ConfigError([f"mode: unknown {name!r}{nearest(name, MODES)}; or an executor 'package.module:Class'"])
    return dataclasses.replace(MODES.get(name, Mode(name)), master=master)
