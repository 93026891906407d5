"""Searches that end before their study: on a signal, before a time of day or a batch job's end, when time is over."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from rliable.records.results import load_record
from tests.cli.commands import optimize, start, wait_for_trials

STEPS = 30
LEVEL_1 = ("--parallelized",)


@pytest.fixture
def patient(study, tmp_path):
    """Writes a study whose runs take about three seconds and go on where they were paused."""

    def write(seconds=0.1, name="Patient", grid=None, **keys):
        file = study(
            grid or {"x": [1, 2, 3]}, {"diary": str(tmp_path / "diary"), "steps": STEPS, "pause": seconds}, **keys
        )
        model = json.loads((tmp_path / "model.json").read_text())
        (tmp_path / "model.json").write_text(json.dumps({**model, "class": f"tests.study_models:{name}"}))
        return file

    return write


def wait_for_step(folder, x, step):
    """Waits until a run has taken a step."""
    deadline = time.monotonic() + 60
    while f"{x} {step}" not in steps_of(folder):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def steps_of(folder):
    """The steps that all runs have taken, in order."""
    diary = folder / "diary"
    return diary.read_text().splitlines() if diary.exists() else []


def assert_goes_on(folder, arguments=()):
    """Resumes a search that has drained: it comes to the same end, and no step is taken twice."""
    done = optimize("--resume", folder / "out", "--no-plots", *arguments)
    assert done.returncode == 0, done.stderr
    assert [trial.value for trial in load_record(folder / "out").trials] == [1, 2, 3]
    assert sorted(steps_of(folder)) == sorted(f"{x} {step}" for x in (1, 2, 3) for step in range(1, STEPS + 1))


@pytest.mark.parametrize(
    ("number", "code", "arguments"),
    [
        (signal.SIGUSR1, 75, ()),
        (signal.SIGTERM, 143, ()),
        pytest.param(signal.SIGTERM, 143, LEVEL_1, marks=pytest.mark.spark),
    ],
)
def test_a_signal_has_runs_keep_a_checkpoint_from_which_the_next_search_goes_on(
    patient, tmp_path, number, code, arguments
):
    process = start(patient(), tmp_path / "out", *arguments)
    wait_for_step(tmp_path, 2, 5)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert f"Continue: python optimize.py --resume {tmp_path / 'out'}" in errors
    record = load_record(tmp_path / "out")
    assert (record.status, "2 30" in steps_of(tmp_path)) == ("interrupted", False)
    assert record.stop_reason == ("asked to end by SIGUSR1" if code == 75 else "interrupted")
    assert_goes_on(tmp_path, arguments)


@pytest.mark.parametrize("arguments", [("--in-process",), ()])
def test_no_trial_is_asked_for_before_those_are_told_that_it_follows_from(patient, tmp_path, arguments):
    keys = {"grid": {"x": {"min": 0.0, "max": 1.0}}, "sampler": "tpe", "sampler_options": {"n_startup_trials": 1}}
    keys |= {"seed": 2, "max_iters": 4}
    file = patient(seconds=0.05, **keys)
    assert optimize(file, "--output", tmp_path / "whole", "--no-plots", *arguments).returncode == 0
    (tmp_path / "diary").unlink()
    process = start(file, tmp_path / "out", *arguments)
    wait_for_trials(tmp_path / "out", 2)
    time.sleep(0.3)  # until the next has begun
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=30)
    assert process.returncode == 75
    assert (tmp_path / "out/journal.log").read_text().count("param_value") == 3
    assert optimize("--resume", tmp_path / "out", "--no-plots", *arguments).returncode == 0
    whole, cut = load_record(tmp_path / "whole"), load_record(tmp_path / "out")
    assert [trial.params for trial in cut.trials] == [trial.params for trial in whole.trials]


def test_a_search_ends_before_a_time_of_day_and_says_so(patient, tmp_path):
    at = time.strftime("%H:%M:%S", time.localtime(time.time() + 12))
    process = start(patient(seconds=0.15), tmp_path / "out", "--stop-before", at)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 75
    assert time.strftime("%H:%M:%S") < at
    assert f"this search ends before {at} (--stop-before); --resume goes on" in output + errors
    assert f"time to end, before {at} (--stop-before); all finished trials are kept" in errors
    assert_goes_on(tmp_path)


def test_a_search_ends_before_the_batch_job_around_it(patient, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time()) + 12))
    process = start(patient(seconds=0.15), tmp_path / "out")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 75
    assert time.time() < int(os.environ["SLURM_JOB_END_TIME"])
    assert "(the end of the batch job, SLURM_JOB_END_TIME); all finished trials are kept" in errors
    monkeypatch.delenv("SLURM_JOB_END_TIME")
    assert_goes_on(tmp_path)


def test_a_run_that_keeps_silent_is_given_up_in_time(study, tmp_path):
    at = time.time() + 12
    process = start(
        study(hp_params={"seconds": 60}), tmp_path / "out", "--stop-before", time.strftime("%T", time.localtime(at))
    )
    process.communicate(timeout=60)
    assert process.returncode == 75
    assert time.time() < at


def test_sigterm_waits_twenty_seconds_for_a_run_that_keeps_silent(study, tmp_path):
    process = start(study(hp_params={"seconds": 60}), tmp_path / "out")
    wait_for_trials(tmp_path / "out", 0)
    time.sleep(3)  # until the run has begun
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert 19 < time.monotonic() - sent < 25


def test_a_run_that_ends_while_the_search_drains_is_kept(study, tmp_path):
    process = start(study(hp_params={"seconds": 2}), tmp_path / "out")
    wait_for_trials(tmp_path / "out", 1)
    time.sleep(0.3)  # until the next has begun
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=30)
    assert process.returncode == 75
    assert [trial.value for trial in load_record(tmp_path / "out").trials] == [1, 2]


def test_sigusr1_after_the_last_trial_has_begun_changes_nothing(study, tmp_path):
    process = start(study(hp_params={"seconds": 1}, max_iters=2), tmp_path / "out")
    wait_for_trials(tmp_path / "out", 1)
    time.sleep(0.3)
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert load_record(tmp_path / "out").stop_reason == "max_iters reached: 2 trials"


def test_a_studys_own_time_ends_it_and_more_of_it_goes_on(patient, tmp_path):
    folder = tmp_path / "out"
    done = optimize(patient(study_timeout_seconds=5), "--output", folder, "--no-plots")
    assert done.returncode in (0, 1), done.stderr
    record = load_record(folder)
    assert record.status == "finished"
    num_finished = len(record.trials)
    assert record.stop_reason == f"study_timeout_seconds 5 reached: {num_finished} of 3 trials have finished"
    assert record.worked_seconds < 8

    again = optimize("--resume", folder, "--no-plots")
    assert (again.returncode, load_record(folder).stop_reason) == (done.returncode, record.stop_reason)

    more = optimize("--resume", folder, "--no-plots", "--set", "study_timeout_seconds=100")
    assert more.returncode == 0, more.stderr
    assert [trial.value for trial in load_record(folder).trials] == [1, 2, 3]


@pytest.mark.parametrize("text", ["25:00:00", "soon", "12"])
def test_what_is_no_time_of_day_is_one_line(study, tmp_path, text):
    done = optimize(study(), "--output", tmp_path / "out", "--stop-before", text)
    assert done.returncode == 2
    assert done.stderr == (f"error: --stop-before: '{text}' is not a time of day; write HH:MM:SS, such as 06:30:00\n")
    assert not Path(tmp_path / "out").exists()
