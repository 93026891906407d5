"""The search itself: asks for trials, hands their runs to an executor, and tells the results."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from rliable.config.claims import learner_of, without
from rliable.config.study_file import Study
from rliable.environments import short_name
from rliable.executors.base import Executor, ExecutorError
from rliable.records.folders import StudyFolder
from rliable.records.learning_curve import CurveRow
from rliable.records.results import StudyRecord, TrialRecord
from rliable.records.run_files import write_run
from rliable.records.views import Views, write_trial
from rliable.records.writing import StudyFolderError, study_files_at
from rliable.tuning.ends import Deadline, Ends, SearchDrained, TimeUsedUp
from rliable.tuning.intermediate_values import ReportKeeper
from rliable.tuning.interrupts import Interrupts
from rliable.tuning.resume import Books
from rliable.tuning.sessions import Session, SessionClock, utilisation, worked_seconds
from rliable.unit import Answer, Report, RunRecord, Unit, UnitResult


class Listener(Protocol):
    """Who is told about the progress of a study: the terminal."""

    def trial_finished(self, trial: TrialRecord, best: TrialRecord | None, num_finished: int) -> None:
        """Called once per trial that finished now, complete, failed or pruned; `best` is the best so far."""

    def run_reported(self, report: Report) -> Answer:
        """Called with each report that arrives from a run; tells whether the run goes on."""

    def run_ended(self, run: RunRecord) -> None:
        """Called once per run that has ended."""


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What a tuner works with; all of it is made and closed by the caller.

    Attributes:
      folder: the study's folder, locked.
      executor: runs the units.
      listener: is told of each trial.
      interrupts: keeps Ctrl-C away from the moments in which something is written.
      deadline: when the search has to have ended; None for any time.
      draw_curve: has the learning curve of a run drawn into a file, with a title; returns at once. None draws none.
    """

    folder: StudyFolder
    executor: Executor
    listener: Listener
    interrupts: Interrupts
    deadline: Deadline | None = None
    draw_curve: Callable[[Sequence[CurveRow], Path, str], None] | None = None


class Tuner:
    """Runs one study in one folder. Lives in the driver's main thread; `run` is called once.

    Trials are asked for in the order of their numbers, only when a slot is free, and told as they finish, in any order.

    Attributes:
      record: the study as far as it has come.
    """

    def __init__(self, books: Books, surroundings: Surroundings) -> None:
        """Keeps what it works with.

        Args:
          books: where the study stands.
          surroundings: what it works with.
        """
        self._books = books
        self._study = books.study
        self._journal = books.journal
        self._standings = books.standings
        self._open_trials = books.open_trials
        self._num_asked = len(books.open_trials) + books.standings.num_finished
        self._folder = surroundings.folder
        self._executor = surroundings.executor
        self._listener = surroundings.listener
        self._interrupts = surroundings.interrupts
        self._draw_curve = surroundings.draw_curve
        self._views = Views(surroundings.folder)
        self._reports = ReportKeeper(books.journal, books.study.config.metric.name)
        self._clock = SessionClock(surroundings.executor)
        seconds_left = seconds_left_of(books)
        self._ends = Ends(surroundings.interrupts, surroundings.executor.drain, surroundings.deadline, seconds_left)
        self._has_work = not books.standings.is_over and (seconds_left is None or seconds_left > 0)
        self._learner = where_it_learns(books.study, surroundings.executor)
        self.record = books.finished or self._record("running", None, self._sessions())

    def run(self) -> StudyRecord:
        """Runs the study to its end; one that has ended is left as it is.

        Returns:
          Its record, which is also on disk.

        Raises:
          KeyboardInterrupt: on Ctrl-C or SIGTERM; everything finished until then is on disk.
          SearchDrained: it has ended in time, as it was told to; likewise.
          ExecutorError: no slot is left to run in; likewise.
          StudyFolderError: a file cannot be written, because the disk is full for instance; likewise.
        """
        try:
            self._run()
        except StudyFolderError as error:
            self._publish_in_need(str(error))
            raise
        return self.record

    def _run(self) -> None:
        if self._has_work:
            try:
                self._work()
            except TimeUsedUp:
                pass  # what is open stays open: with more time the study goes on
            except (KeyboardInterrupt, SearchDrained, ExecutorError) as error:
                self._end("interrupted", str(error) or "interrupted")
                raise
        with self._interrupts.shielded():
            if self._standings.is_over:
                self._journal.cancel_open()
            self._end("finished", self._standings.stop_reason())

    def _work(self) -> None:
        self._journal.write_sessions([*self._books.sessions, self._clock.begun()])
        self._publish("running", None)
        self._executor.on_wait = self._ends.look
        holds_sigterm = self._executor.can_drain
        with self._interrupts.sigterm_held() if holds_sigterm else contextlib.nullcontext():
            self._take_results()
            if not self._standings.is_over:
                raise self._ends.ended()

    def _take_results(self) -> None:
        """Takes what comes until nothing is left to do, the study has converged, or the search has drained."""
        for result in self._executor.execute(self._units(), self._take_report):
            self._interrupts.check()  # a run that an interrupt has cut short is no result
            if result.is_paused and self._ends.reason is not None:
                continue  # it goes on from its checkpoint in the next search
            with self._interrupts.shielded():
                self._take_result(result)
            if self._standings.is_over:
                break
            self._ends.look()

    def _units(self) -> Iterator[Unit | None]:
        """Every run that is left to do, drawn when a slot is free for it, until the search drains.

        None where the next one follows from results that are still to come.
        """
        for unit in self._units_left():
            yield unit
            if self._ends.reason is not None:
                return  # before another trial is asked for, which may follow from those that are paused now

    def _units_left(self) -> Iterator[Unit | None]:
        """Trial by trial, each opened as it is drawn: first those that a crash left open."""
        for number in self._open_trials.numbers():
            yield from self._open_trials.units(number)
        while self._num_asked < self._study.num_trials and not self._standings.is_stopped:
            if not self._journal.may_ask(self._num_asked):
                yield None
                continue
            with self._interrupts.shielded():
                number, self._num_asked = self._num_asked, self._num_asked + 1
                self._open_trials.open(number, self._journal.ask(number))
            yield from self._open_trials.units(number)

    def _take_result(self, result: UnitResult) -> None:
        """Writes down a finished run and, with the last of its trial, the trial."""
        number, run = result.trial, result.record()
        self._write_run(result)
        self._clock.add(result.slot_seconds)
        self._reports.keep_last(result)
        self._journal.add_run(number, run)
        self._open_trials.add_run(number, run)
        self._listener.run_ended(run)
        if self._open_trials.is_complete(number):
            trial = self._close_trial(number)
            self._publish("running", None)
            self._listener.trial_finished(trial, self._standings.best, self._standings.num_finished)

    def _write_run(self, result: UnitResult) -> None:
        """Writes what a run leaves into its folder, or nothing where there is no room for all of it."""
        folder, spec = self._folder.run(result.trial, result.run), self._open_trials.spec(result.trial)
        if not result.is_paused:  # it may go on from its checkpoint
            shutil.rmtree(folder.path, ignore_errors=True)  # what a crash may have left of an earlier attempt
        try:
            with study_files_at(folder.path):
                write_run(folder, spec.model, spec.limits.threads, result, self._study.files)
        except StudyFolderError:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise
        if result.learning_curve and self._draw_curve is not None:
            title = f"trial {result.trial}, seed {result.seed}"
            self._draw_curve(result.learning_curve, folder.learning_curve_png, title)

    def _take_report(self, report: Report) -> Answer:
        """Passes a report on."""
        if self._reports.is_due(report):
            with self._interrupts.shielded():
                self._reports.keep(report)
        answer = self._listener.run_reported(report)
        self._ends.begin_if_due()
        return Answer.PAUSE if self._ends.reason is not None and answer is Answer.GO_ON else answer

    def _close_trial(self, number: int) -> TrialRecord:
        """Tells a trial whose runs are all in."""
        trial = self._open_trials.close(number)
        with study_files_at(self._folder.trial_json(number)):
            write_trial(self._folder, trial)
        self._journal.tell(number, trial.value, trial.error, trial.is_pruned)
        self._standings.add(trial)
        return trial

    def _end(self, status: str, stop_reason: str) -> None:
        """Writes down that the study has finished or was interrupted; leaves one alone that had finished before."""
        sessions = self._sessions()
        if self._books.finished is None:
            self._publish(status, stop_reason, sessions)
        else:
            self._link_best()
        if self._has_work:
            self._journal.write_sessions(sessions)

    def _publish(self, status: str, stop_reason: str | None, sessions: Sequence[Session] | None = None) -> None:
        """Brings what people read up to date with the journal."""
        if status != "running" or self._views.are_due:
            self.record = self._record(status, stop_reason, sessions or self._sessions())
            with study_files_at(self._folder.results_json):
                self._views.write(self.record)
        self._link_best()

    def _publish_in_need(self, stop_reason: str) -> None:
        """Says that the study was interrupted, as far as its folder takes that; the journal takes nothing more."""
        try:
            self._publish("interrupted", stop_reason)
        except StudyFolderError:
            with contextlib.suppress(OSError):
                self._views.write_over(self.record)

    def _link_best(self) -> None:
        best = self._standings.best
        if best is not None:
            with study_files_at(self._folder.best):
                self._folder.link_best(best.number)

    def _sessions(self) -> list[Session]:
        """When searches have worked on the study, this one included."""
        return [*self._books.sessions, self._clock.ended()] if self._has_work else self._books.sessions

    def _record(self, status: str, stop_reason: str | None, sessions: Sequence[Session]) -> StudyRecord:
        """The study as far as it has come."""
        config, best, last = self._study.config, self._standings.best, sessions[-1]
        is_running = status == "running"
        return StudyRecord(
            optim_name=config.optim_name,
            mode=last.mode,
            seed=self._books.seed,
            sampler=config.sampler,
            metric_name=config.metric.name,
            criteria=config.metric.criteria,
            over_seeds=config.metric.over_seeds,
            max_iters=config.max_iters,
            num_given=len(self._study.given),
            num_slots=last.num_slots,
            hosts=last.hosts,
            threads_per_trial=config.threads_per_trial,
            model=self._study.model.class_name,
            environment=short_name(self._study.model.environment),
            learner=self._learner,
            search_space=config.grid,
            status=status,
            stop_reason=stop_reason,
            best=best.number if best else None,
            slot_utilisation=None if is_running else utilisation(sessions),
            started=sessions[0].started,
            finished=None if is_running else last.finished,
            worked_seconds=worked_seconds(sessions),
            trials=self._standings.trials(),
        )


def where_it_learns(study: Study, executor: Executor) -> str:
    """Where the study's runs learn, in few words; empty for a model that does not say."""
    model, space = study.model, study.space
    known = without({**model.hp_params, **space.fixed}, space.varied.keys())
    return learner_of(model, known, executor.is_here)


def seconds_left_of(books: Books) -> float | None:
    """How much of its own time a study has left; None where it has no limit."""
    limit = books.study.config.study_timeout_seconds
    return None if limit is None else limit - worked_seconds(books.sessions)
