"""What is made from the journal for people and programs to read: results.json, trials.csv, and each trial's trial.json.

The first two hold every trial, so writing them costs more the longer a study gets. They are written after each trial as
long as that takes at most a twentieth of the time, and later otherwise; the journal is always up to date.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Sequence
from typing import Any

from rliable.records.encoding import FORMAT, load_record_file, stamped, to_json
from rliable.records.folders import StudyFolder
from rliable.records.results import StudyRecord, TrialRecord, load_record
from rliable.records.writing import write_atomically
from rliable.schema import ConfigError

PAUSE_FACTOR = 19


class Views:
    """Writes the two files of one study folder."""

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder
        self._trials: dict[int, str] = {}  # encoded once
        self._rest_until = 0.0

    @property
    def are_due(self) -> bool:
        """Whether the files may be written again without taking more than their share of the time."""
        return time.monotonic() >= self._rest_until

    def write(self, record: StudyRecord) -> None:
        """Brings the files up to date."""
        started = time.monotonic()
        write_atomically(self._folder.results_json, self._results_text(record))
        write_atomically(self._folder.trials_csv, trials_as_csv(record.trials))
        finished = time.monotonic()
        self._rest_until = finished + PAUSE_FACTOR * (finished - started)

    def write_over(self, record: StudyRecord) -> None:
        """Writes over results.json itself, where a second file beside it finds no room or is not allowed.

        trials.csv gives up its room, and comes back when the study is resumed.

        Raises:
          OSError: that does not work either; the old content is there again.
        """
        path, text = self._folder.results_json, self._results_text(record)
        before = path.read_bytes()
        self._folder.trials_csv.write_bytes(b"")
        try:
            path.write_text(text, encoding="utf-8")
        except OSError:
            path.write_bytes(before)
            raise

    def _results_text(self, record: StudyRecord) -> str:
        """The record as JSON, one trial a line."""
        head = {key: value for key, value in vars(record).items() if key != "trials"}
        lines = [self._encoded(trial) for trial in record.trials]
        body = ",\n    ".join(lines)
        return f'{to_json({"format": FORMAT, **head}, indent=2)[:-2]},\n  "trials": [\n    {body}\n  ]\n}}\n'

    def _encoded(self, trial: TrialRecord) -> str:
        if trial.number not in self._trials:
            self._trials[trial.number] = to_json(trial)
        return self._trials[trial.number]


def write_trial(folder: StudyFolder, trial: TrialRecord) -> None:
    """Writes a trial's configuration, seeds and result into its folder."""
    path = folder.trial_json(trial.number)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, to_json(stamped(trial), indent=2) + "\n")


def mend_trials(folder: StudyFolder, trials: Sequence[TrialRecord]) -> None:
    """Writes every trial.json again that is gone, or does not say what the journal says."""
    for trial in trials:
        try:
            found = load_record_file(folder.trial_json(trial.number), TrialRecord, "the record of a trial")
            is_whole = are_same([found], [trial])
        except (ConfigError, FileNotFoundError):
            is_whole = False
        if not is_whole:
            write_trial(folder, trial)


def load_finished(folder: StudyFolder, trials: Sequence[TrialRecord]) -> StudyRecord | None:
    """What results.json says of a study that has finished; None unless it and trials.csv hold exactly these trials."""
    try:
        record = load_record(folder.results_json)
        has_table = folder.trials_csv.read_bytes() == trials_as_csv(trials).encode()
    except (ConfigError, FileNotFoundError):
        return None
    return record if has_table and record.status == "finished" and are_same(record.trials, trials) else None


def are_same(found: Sequence[TrialRecord], trials: Sequence[TrialRecord]) -> bool:
    """Tells whether trials read from a file are those that were written, NaN as null and all else bit for bit."""
    return to_json(found) == to_json(trials)


def trials_as_csv(trials: Sequence[TrialRecord]) -> str:
    """One line per trial: number, state, value, the parameters, the metrics, seeds, times, slots, error."""
    params = list(dict.fromkeys(name for trial in trials for name in trial.params))
    metrics = list(dict.fromkeys(name for trial in trials for name in trial.metrics))
    head = ["number", "state", "value", *params, *metrics, "seeds", "started", "duration_seconds", "slots", "error"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(csv_row(trial, params, metrics) for trial in trials)
    return text.getvalue()


def csv_row(trial: TrialRecord, params: Sequence[str], metrics: Sequence[str]) -> list[Any]:
    """A trial's line of trials.csv; what it does not have stays empty."""
    return [
        trial.number,
        trial.state,
        trial.value,
        *[json.dumps(trial.params[name]) if name in trial.params else "" for name in params],
        *[trial.metrics.get(name) for name in metrics],
        " ".join(str(run.seed) for run in trial.runs),
        time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(trial.started)),
        round(trial.duration_seconds, 3),
        " ".join(trial.slots),
        trial.error,
    ]
