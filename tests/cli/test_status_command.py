"""How studies stand, asked from another process."""

import json
import shutil
import signal

import pytest
from commands import optimize, start, wait_for_trials

from rliable.cli.status import find_studies
from rliable.schema import ConfigError


def status(*folders):
    """What `rliable status --json` prints of each study."""
    done = optimize("-m", "rliable", "status", "--json", *folders, script=None)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def finished(study, tmp_path):
    optimize(study(), "--output", tmp_path / "studies/finished", "--no-plots", "--quiet")
    return tmp_path / "studies/finished"


def test_a_running_study_is_told_from_one_that_was_killed(study, tmp_path):
    process = start(study(hp_params={"seconds": 0.5}), tmp_path / "out")
    wait_for_trials(tmp_path / "out", 1)

    (running,) = status(tmp_path / "out")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    (killed,) = status(tmp_path / "out")

    assert (running["status"], running["is_alive"], running["num_planned"]) == ("running", True, 4)
    assert running["num_trials"] >= 1 and running["best"]["value"] >= 1
    assert (killed["status"], killed["is_alive"]) == ("interrupted", False)


def test_a_finished_study_is_told_in_lines(finished):
    done = optimize("-m", "rliable", "status", finished, script=None)

    assert "finished" in done.stdout and "4 of 4" in done.stdout and "trial 3: score 4" in done.stdout


def test_a_folder_of_studies_is_told_with_a_row_each(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "studies/second", symlinks=True)

    assert {study["folder"] for study in status(tmp_path / "studies")} == {
        str(finished),
        str(tmp_path / "studies/second"),
    }


def test_a_study_that_is_only_starting_is_there(finished):
    (finished / "results.json").unlink()

    (study,) = find_studies([str(finished)])

    assert (study.record.optim_name, study.record.max_iters, study.record.trials) == ("Test", 4, [])


def test_what_is_no_study_is_one_line(tmp_path, finished):
    (finished / "study.json").write_text("[]")
    (finished / "results.json").unlink()

    with pytest.raises(ConfigError) as caught:
        find_studies([str(tmp_path / "nothing"), str(finished)])

    assert caught.value.problems == [
        f"{tmp_path / 'nothing'}: no study here (study.json is missing)",
        f"{finished / 'study.json'}: not the study.json of a study: expected `object`, got `array`",
    ]


def test_looking_does_not_disturb_a_search(study, tmp_path):
    process = start(study(hp_params={"seconds": 0.3}), tmp_path / "out")
    wait_for_trials(tmp_path / "out", 1)
    while process.poll() is None:
        find_studies([str(tmp_path / "out")])
    assert process.returncode == 0, process.stderr.read()
    assert status(tmp_path / "out")[0]["num_trials"] == 4
