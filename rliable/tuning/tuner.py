"""The search itself: asks for trials, hands their runs to an executor, and tells the results."""

from __future__ import annotations

import dataclasses
import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from rliable.config.study_file import Study
from rliable.environments import short_name
from rliable.executors.base import Executor, ExecutorError
from rliable.records.curves import Row
from rliable.records.folders import StudyFolder
from rliable.records.results import StudyRecord, TrialRecord, make_trial_record
from rliable.records.run_files import write_run, write_trial
from rliable.records.views import Views
from rliable.seeding import derive_seed
from rliable.tuning.interrupts import Interrupts
from rliable.tuning.journal import Journal, JournalTrial
from rliable.tuning.standings import Standings
from rliable.unit import Answer, Report, RunRecord, TrialSpec, Unit, UnitResult

#: How many reports of runs the journal takes, of all runs together.
REPORTS_PER_SECOND = 20


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
      draw_curve: has the learning curve of a run drawn into a file, with a title; returns at once. None draws none.
    """

    folder: StudyFolder
    executor: Executor
    listener: Listener
    interrupts: Interrupts
    draw_curve: Callable[[Sequence[Row], Path, str], None] | None = None


class Tuner:
    """Runs one study in one folder. Lives in the driver's main thread; `run` is called once.

    Trials are asked for in the order of their numbers, only when a slot is free, and told as they finish, in any order.
    """

    def __init__(self, study: Study, seed: int, surroundings: Surroundings) -> None:
        """Takes up the study where its journal stands.

        Args:
          study: what is searched.
          seed: of the study.
          surroundings: what it works with.
        """
        self._study = study
        self._seed = seed
        self._folder = surroundings.folder
        self._executor = surroundings.executor
        self._listener = surroundings.listener
        self._interrupts = surroundings.interrupts
        self._draw_curve = surroundings.draw_curve
        self._views = Views(surroundings.folder)
        self._specs: dict[int, TrialSpec] = {}  # trials asked for and not told
        self._runs: dict[int, dict[int, RunRecord]] = {}  # their finished runs
        self._slot_seconds = 0.0
        self._next_report = 0.0
        self._linked: int | None = None  # the trial that `best` points to
        self.progress = Standings(study)
        self.record = new_record(study, seed, surroundings.executor)
        self._journal = Journal(surroundings.folder.journal, study, seed)
        for trial in self._journal.trials():
            self._take_up(trial)
        self._num_asked = len(self._specs) + self.progress.num_finished
        started = min((trial.started for trial in self.progress.trials()), default=time.time())
        self.record = dataclasses.replace(self._record_so_far(), started=started)

    def run(self) -> StudyRecord:
        """Runs the study to its end.

        Returns:
          Its record, which is also on disk.

        Raises:
          KeyboardInterrupt: on Ctrl-C or SIGTERM; everything finished until then is on disk.
          ExecutorError: no slot is left to run in; likewise.
        """
        self._publish("running", None)
        started = time.monotonic()
        try:
            self._run_units()
        except (KeyboardInterrupt, ExecutorError) as error:
            self._publish("interrupted", str(error) or "interrupted", self._utilisation(started))
            raise
        with self._interrupts.shielded():
            self._journal.cancel_open()
            self._publish("finished", self.progress.stop_reason(), self._utilisation(started))
        return self.record

    def _run_units(self) -> None:
        if self.progress.is_over:
            return
        for result in self._executor.execute(self._units(), self._take_report):
            self._interrupts.check()  # a run that an interrupt has cut short is no result
            with self._interrupts.shielded():
                self._take_result(result)
            if self.progress.is_converged:
                break

    def _units(self) -> Iterator[Unit]:
        """Every run that is left to do, drawn when a slot is free for it: first those that a crash left open."""
        for number in sorted(self._specs):
            yield from self._open_units(number)
        while self._num_asked < self._study.num_trials and not self.progress.is_converged:
            with self._interrupts.shielded():
                number, self._num_asked = self._num_asked, self._num_asked + 1
                self._open_trial(number, self._journal.ask(number), {})
            yield from self._open_units(number)

    def _open_units(self, number: int) -> Iterator[Unit]:
        runs = self._runs[number]
        return iter([unit for unit in self._specs[number].units() if unit.run not in runs])

    def _open_trial(self, number: int, params: dict[str, Any], runs: dict[int, RunRecord]) -> None:
        hp_params = {**self._study.model.hp_params, **self._study.space.fixed, **params}
        model = dataclasses.replace(self._study.model, hp_params=hp_params)
        seeds = tuple(derive_seed(self._seed, "run", number, i) for i in range(self._study.config.seeds_per_trial))
        self._specs[number] = TrialSpec(number, params, model, seeds, self._study.limits)
        self._runs[number] = runs

    def _take_up(self, trial: JournalTrial) -> None:
        """Takes over a trial from the journal: finished, or left open by a crash."""
        if trial.is_cancelled:
            return
        self._open_trial(trial.number, trial.params, dict(trial.runs))
        if len(trial.runs) == self._study.config.seeds_per_trial:
            self._close_trial(trial.number, is_told=trial.is_told)

    def _take_result(self, result: UnitResult) -> None:
        """Writes down a finished run and, with the last of its trial, the trial."""
        number, spec = result.trial, self._specs[result.trial]
        folder = self._folder.run(number, result.run)
        shutil.rmtree(folder.path, ignore_errors=True)  # what a crash may have left of an earlier attempt
        write_run(folder, spec.model, spec.limits.threads, result)
        if result.learning_curve and self._draw_curve is not None:
            title = f"trial {number}, seed {result.seed}"
            self._draw_curve(result.learning_curve, folder.learning_curve_png, title)
        run = result.record()
        self._slot_seconds += result.slot_seconds
        self._runs[number][run.run] = run
        self._keep_last_report(result)
        self._journal.add_run(number, run)
        self._listener.run_ended(run)
        if len(self._runs[number]) == len(spec.seeds):
            trial = self._close_trial(number, is_told=False)
            self._publish("running", None)
            self._listener.trial_finished(trial, self.progress.best, self.progress.num_finished)

    def _take_report(self, report: Report) -> Answer:
        """Passes a report on; the journal gets at most `REPORTS_PER_SECOND` of all runs together."""
        now = time.monotonic()
        if report.run == 0 and now >= self._next_report:
            self._next_report = now + 1 / REPORTS_PER_SECOND
            with self._interrupts.shielded():
                self._journal.add_report(report, self._shown_figure(report.figures))
        return self._listener.run_reported(report)

    def _keep_last_report(self, result: UnitResult) -> None:
        """Records the last row of a run's learning curve, whichever of its reports reached the journal before."""
        if result.run == 0 and result.learning_curve:
            last = dict(result.learning_curve[-1])
            report = Report(result.trial, result.run, result.slot, int(last.pop("step")), last)
            self._journal.add_report(report, self._shown_figure(last))

    def _shown_figure(self, figures: Mapping[str, float]) -> float:
        """The figure of a report that the journal keeps: the metric, else the average return, else the first."""
        names = [name for name in (self._study.config.metric.name, "average_return") if name in figures]
        return float(figures[(names or list(figures))[0]]) if figures else math.nan

    def _close_trial(self, number: int, is_told: bool) -> TrialRecord:
        """Tells a trial whose runs are all in."""
        trial = make_trial_record(self._specs.pop(number), self._runs.pop(number), self._study.config.metric.name)
        if not is_told:
            write_trial(self._folder.trial_json(number), trial)
            self._journal.tell(number, trial.value, trial.error, trial.is_pruned)
        self.progress.add(trial)
        return trial

    def _publish(self, status: str, stop_reason: str | None, utilisation: float | None = None) -> None:
        """Brings what people read up to date with the journal."""
        best = self.progress.best
        if best is not None and best.number != self._linked:
            self._folder.link_best(best.number)
            self._linked = best.number
        if status == "running" and not self._views.are_due:
            return
        finished = None if status == "running" else time.time()
        self.record = dataclasses.replace(
            self._record_so_far(),
            status=status,
            stop_reason=stop_reason,
            slot_utilisation=utilisation,
            finished=finished,
        )
        self._views.write(self.record)

    def _record_so_far(self) -> StudyRecord:
        best = self.progress.best
        return dataclasses.replace(self.record, trials=self.progress.trials(), best=best.number if best else None)

    def _utilisation(self, started: float) -> float:
        """The share of the slots' time, since `started`, that was spent on finished units."""
        available = self._executor.num_slots * max(time.monotonic() - started, 1e-9)
        return min(1.0, self._slot_seconds / available)


def new_record(study: Study, seed: int, executor: Executor) -> StudyRecord:
    """The record of a study without trials."""
    config = study.config
    return StudyRecord(
        optim_name=config.optim_name,
        mode=executor.mode,
        seed=seed,
        sampler=config.sampler,
        metric_name=config.metric.name,
        criteria=config.metric.criteria,
        max_iters=config.max_iters,
        num_slots=executor.num_slots,
        threads_per_trial=config.threads_per_trial,
        model=study.model.class_name,
        environment=short_name(study.model.environment),
        search_space=config.grid,
    )
