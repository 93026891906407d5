"""Studies that are to go on when the terminal does not."""

import os
import signal
import subprocess
import sys

from rliable.records.results import load_record
from tests.cli.commands import ROOT, wait_for_trials


def test_a_study_under_nohup_outlives_its_terminal(study, tmp_path):
    command = ["nohup", sys.executable, str(ROOT / "optimize.py"), str(study(hp_params={"seconds": 0.3}))]
    options = ["--output", str(tmp_path / "out"), "--no-plots"]
    process = subprocess.Popen(
        [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    wait_for_trials(tmp_path / "out", 1)

    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert [trial.value for trial in load_record(tmp_path / "out").trials] == [1, 2, 3, 4]
