"""Reports of runs and the answers to them, in a real slot: what reaches the journal, and what being stopped means."""

import csv
import json
import shutil

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from rliable.executors import make_executor
from rliable.executors.base import ExecutorOptions
from rliable.unit import Answer
from tests.studies import make_study
from tests.tuning.searches import Diary, model, search

NUM_REPORTS, PAUSE = 120, 0.01


class Pruner(Diary):
    """Stops the trials that it is told to, at their first report."""

    def __init__(self, *numbers):
        super().__init__()
        self.numbers = numbers
        self.reports = []

    def run_reported(self, report):
        self.reports.append((report.trial, report.step))
        return Answer.STOP if report.trial in self.numbers else Answer.GO_ON


def talkative(path, num_trials):
    hp_params = {"reports": NUM_REPORTS, "pause": PAUSE, "diary": str(path / "diary.txt")}
    return make_study({"x": [0, 1, 2, 3]}, model("Talkative", **hp_params), sampler="grid", max_iters=num_trials)


def search_in_slot(study, path, listener):
    options = ExecutorOptions(class_names=("tests.study_models:Talkative",))
    return search(study, path / "study", listener=listener, executor=make_executor("serial", options))


def optuna_trials(path):
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(path / "study/journal.log")))
    return optuna.load_study(study_name="Test", storage=storage).trials


@pytest.fixture(scope="module")
def pruned(tmp_path_factory):
    """A study of three trials of which the one in the middle was stopped: its folder and its record."""
    path = tmp_path_factory.mktemp("pruned")
    return path, search_in_slot(talkative(path, 3), path, Pruner(1))


def test_a_stopped_trial_is_pruned_in_the_record_the_table_and_the_journal(pruned):
    path, record = pruned
    assert [trial.state for trial in record.trials] == ["COMPLETE", "PRUNED", "COMPLETE"]
    stopped = record.trials[1]
    assert (stopped.value, stopped.error, stopped.metrics, stopped.runs[0].is_stopped) == (None, None, {}, True)
    assert record.best == 2
    assert record.failed() == []
    rows = list(csv.DictReader((path / "study/trials.csv").open()))
    assert [row["state"] for row in rows] == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert json.loads((path / "study/trials/0001/trial.json").read_text())["state"] == "PRUNED"
    states = [trial.state for trial in optuna_trials(path)]
    assert states == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.COMPLETE]


def test_a_stopped_run_leaves_its_curve_and_no_model(pruned):
    folder = pruned[0] / "study/trials/0001/run_0"
    rows = list(csv.DictReader((folder / "learning_curve.csv").open()))
    assert 1 <= len(rows) < NUM_REPORTS
    assert not (folder / "model").exists()
    assert not (folder / "error.txt").exists()


def test_the_journal_takes_twenty_reports_a_second_and_the_last_one_always(pruned):
    path, record = pruned
    for number in (0, 2):
        run, values = record.trials[number].runs[0], optuna_trials(path)[number].intermediate_values
        at_most = 20 * (run.finished - run.started) + 2  # the first, and the last on top
        assert 3 < len(values) <= at_most
        assert len(values) < NUM_REPORTS / 2
        assert values[NUM_REPORTS] == number + NUM_REPORTS
    curve = list(csv.DictReader((path / "study/trials/0001/run_0/learning_curve.csv").open()))
    assert max(optuna_trials(path)[1].intermediate_values) == int(curve[-1]["step"])


def test_resume_repeats_no_pruned_trial(pruned, tmp_path):
    path, record = pruned
    shutil.copytree(path / "study", tmp_path / "study", symlinks=True)
    assert search_in_slot(talkative(path, 3), tmp_path, Diary()).trials == record.trials
    resumed = search_in_slot(talkative(path, 4), tmp_path, Diary())
    assert (resumed.trials[:3], resumed.best) == (record.trials, 3)
    assert [line.split()[0] for line in (path / "diary.txt").read_text().splitlines()] == ["0", "1", "2", "3"]


def test_the_listener_hears_every_report_that_arrives(tmp_path):
    listener = Pruner()
    study = make_study({"x": [5, 6]}, model("Talkative", reports=10), sampler="grid", max_iters=2)
    search(study, tmp_path, listener=listener)
    assert listener.reports == [(trial, step) for trial in range(2) for step in range(1, 11)]
