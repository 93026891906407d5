"""The call for scripts and notebooks: `rliable.search`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rliable.cli.film import film_best
from rliable.cli.study import Mode, OpenStudy, mode_named, resume_study, run_study, start_study
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.plots import draw_study
from rliable.report.plots.drawer import draw_missing_curves
from rliable.tuning.ends import find_deadline
from rliable.tuning.interrupts import Interrupts
from rliable.unit import Answer, OnReport, Report, RunRecord

logger = logging.getLogger(__name__)


def search(
    study: str | Path,
    *,
    seed: int | None = None,
    mode: str = "serial",
    settings: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    master: str | None = None,
    pictures: bool = True,
    on_report: OnReport | None = None,
    across_versions: bool = False,
    trust: Sequence[str] = (),
) -> StudyRecord:
    """Runs a study as the command `optimize` does, and prints nothing.

    Args:
      study: the study file, or the folder of a study that is to be continued.
      seed: of the study; that of the file when None.
      mode: "serial", "in-process", "level 1" or "level 2", or an executor of your own.
      settings: values by key path that replace those of the file.
      output: the study's folder; runs/NAME-TIME when None.
      master: the Spark master of levels 1 and 2.
      pictures: whether the study's pictures are drawn, and its best trial is filmed.
      on_report: is told what runs report while they go on; the run goes on, stops or pauses as it answers.
      across_versions: whether a study is continued also where its model's version has changed since.
      trust: names of code that a folder may have run though it is not found from the working folder.

    Returns:
      The study's record, as in its results.json.

    Raises:
      rliable.schema.ConfigError: a mistake in the files or arguments; nothing has been written.
      rliable.executors.base.ExecutorError: no place is left to run in; what was finished is kept.
      rliable.records.writing.StudyFolderError: a file cannot be written, as on a full disk; likewise.
      rliable.tuning.ends.SearchDrained: the batch job around this process is about to end; likewise.
      KeyboardInterrupt: likewise.
    """
    changes = {**(settings or {}), **({} if seed is None else {"seed": seed})}
    place = None if output is None else str(output)
    opened = open_study(str(study), changes, place, mode_named(mode, master), across_versions, trust)
    try:
        with Interrupts(drains=True) as interrupts:
            record = run_study(opened, Quiet(on_report), interrupts, pictures, find_deadline(None))
        if pictures and record.trials:
            draw_missing_curves(opened.folder.path)
            if (lack := film_best(record, opened.folder.path, opened.trusted)) is not None:
                logger.warning("no film of trial %s: %s", record.best, lack)
            draw_study(opened.folder.path)
    finally:
        opened.folder.lock.release()
    return record


def open_study(
    study: str, changes: dict[str, Any], output: str | None, mode: Mode, across_versions: bool, trusted: Sequence[str]
) -> OpenStudy:
    """Starts a study from its file, or continues the one in a folder."""
    if Path(study).is_dir():
        return resume_study(study, changes, mode, across_versions, trusted)
    return start_study(study, changes, output, mode)


class Quiet:
    """Prints nothing; asks the caller's function about reports."""

    def __init__(self, on_report: OnReport | None) -> None:
        self._on_report = on_report

    def study_started(self, record: StudyRecord, notes: list[str]) -> None:
        """As `Audience.study_started`."""

    def trial_finished(self, trial: TrialRecord, best: TrialRecord | None, num_finished: int) -> None:
        """As `Listener.trial_finished`."""

    def run_reported(self, report: Report) -> Answer:
        """As `Listener.run_reported`."""
        return Answer.GO_ON if self._on_report is None else self._on_report(report)

    def run_ended(self, run: RunRecord) -> None:
        """As `Listener.run_ended`."""
