"""A study that runs is watched from other processes: `rliable status`, and whatever reads Optuna's journal."""

import json
import signal
import subprocess
import sys

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tests.cli.commands import ROOT, start, wait_for_trials
from tests.executors.waiting import wait_until

GRID = {"rows": [0, 5000]}  # the second trial reports for minutes


def status(folder):
    """What `rliable status --json` says of a study."""
    command = [sys.executable, "-m", "rliable", "status", "--json", str(folder)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60).stdout)


def trials_in(journal):
    """The trials as optuna-dashboard reads them."""
    return optuna.load_study(study_name="Test", storage=JournalStorage(JournalFileBackend(str(journal)))).trials


def test_a_running_study_is_watched_from_other_processes(study, tmp_path):
    file = study(grid=GRID, hp_params={"pause": 0.02}, max_iters=2)
    process = start(file, tmp_path / "out")
    journal = tmp_path / "out/journal.log"
    wait_for_trials(tmp_path / "out", 1)

    running = status(tmp_path / "out")
    wait_until(lambda: trials_in(journal)[-1].intermediate_values, 30)
    reporting = trials_in(journal)[-1]
    wait_until(lambda: len(trials_in(journal)[-1].intermediate_values) > len(reporting.intermediate_values), 30)
    is_going_on = process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert (running["status"], running["is_alive"]) == ("running", True)
    assert (running["num_trials"], running["num_planned"]) == (1, 2)
    assert is_going_on
    assert reporting.number == 1
    assert reporting.state == optuna.trial.TrialState.RUNNING
    assert all(value == step for step, value in reporting.intermediate_values.items())
    assert status(tmp_path / "out")["status"] == "interrupted"
