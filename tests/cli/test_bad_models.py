"""A serial study of models that do what models in the wild do: each costs its own trial."""

import json

import psutil
import pytest
from commands import optimize

from rliable.records.results import load_record

DEEDS = {
    "crash_in_native_code": "worker process died (SIGSEGV), 2 times",
    "hang_in_native_code": "exceeded trial_timeout_seconds 4",
    "fork_and_exit": None,
    "swell": "exceeded max_trial_memory_mb 500",
    "leave": "worker process ended with exit code 3, 2 times",
    "nothing": None,
}


@pytest.fixture
def bad_study(tmp_path):
    model = {"class": "tests.executors.user_models:Plain", "environment": "tests/rows.jsonl", "mdl_file": "w"}
    (tmp_path / "model.json").write_text(json.dumps({**model, "hp_params": {}}))
    content = {
        "config": str(tmp_path / "model.json"),
        "optim_name": "Bad",
        "num_workers": 1,
        "grid": {"deed": list(DEEDS)},
        "metric": {"name": "mse", "criteria": "max"},
        "max_iters": len(DEEDS),
        "convergence": None,
        "sampler": "grid",
        "trial_timeout_seconds": 4,
        "max_trial_memory_mb": 500,
        "max_attempts": 2,
    }
    (tmp_path / "study.json").write_text(json.dumps(content))
    return tmp_path / "study.json"


def test_each_bad_model_costs_one_trial_and_the_study_goes_on(bad_study, tmp_path):
    done = optimize(bad_study, "--output", tmp_path / "out", "--no-plots")

    assert done.returncode == 0, done.stderr
    record = load_record(tmp_path / "out")
    assert {trial.params["deed"]: trial.error for trial in record.trials} == DEEDS
    assert done.stdout.count("RandomOptim") == 0 and done.stdout.count("Bad\n") == 1  # one driver
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(p.info["cmdline"])]


def test_in_process_says_that_limits_do_not_hold_and_runs_in_the_driver(study, tmp_path):
    done = optimize(study(), "--output", tmp_path / "out", "--no-plots", "--in-process")

    assert "--in-process: limits do not hold" in done.stdout
    record = load_record(tmp_path / "out")
    assert {run.slot for trial in record.trials for run in trial.runs} == {"driver"}
    assert record.mode == "serial"
