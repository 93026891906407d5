"""train.py and evaluate.py as a user types them."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rliable.cli import main
from rliable.training.device import NO_GPU, gpu_of_machine
from tests.studies import make_study
from tests.tuning.searches import model, search

ROOT = Path(__file__).parents[2]
SHORT = ["--set", "hp_params.train_iterations=60", "--set", "hp_params.num_test_episodes=25"]


def command(script, *arguments):
    words = [sys.executable, str(ROOT / script), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=120)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "model"
    done = command("train.py", "--config", "config/config_dqn.json", "--seed", 4, "--output", folder, *SHORT)
    assert done.stdout.startswith("training DQN on CartPole-v0, seed 4, learner CPU\n")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder


def test_train_leaves_model_curve_and_returns(trained):
    names = {path.name for path in trained.iterdir()}
    assert names >= {"model.json", "model", "returns.csv", "learning_curve.csv", "learning_curve.png"}
    assert {path.name for path in (trained / "model").iterdir()} == {"policy", "parts.npz"}
    assert len(list(csv.DictReader((trained / "returns.csv").open()))) == 25


def test_evaluate_reproduces_the_recorded_metrics_exactly(trained, tmp_path):
    done = command("evaluate.py", "--model", trained, "--out", tmp_path / "e.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "e.json").read_text())
    assert report["metrics"] == report["recorded"]
    returns = [float(row["return"]) for row in csv.DictReader((trained / "returns.csv").open())]
    assert report["returns"] == returns


def test_evaluate_on_another_environment_and_seed(trained, tmp_path):
    arguments = ["--env", "cartpole-v1", "--episodes", 7, "--seed", 9, "--out", tmp_path / "e.json"]
    done = command("evaluate.py", "--model", trained, *arguments)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "e.json").read_text())
    assert (report["environment"], report["seed"], len(report["returns"])) == ("CartPole-v1", 9, 7)
    assert report["iqm_95"][0] <= report["iqm"] <= report["iqm_95"][1]


def test_training_twice_with_one_seed_gives_the_same_bits(trained, tmp_path):
    command("train.py", "--config", "config/config_dqn.json", "--seed", 4, "--output", tmp_path / "again", *SHORT)
    for name in ("learning_curve.csv", "model/parts.npz"):
        assert (trained / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    first, second = (json.loads((folder / "model.json").read_text()) for folder in (trained, tmp_path / "again"))
    assert first == second


def test_data_model_is_trained_and_evaluated_too(tmp_path):
    done = command("train.py", "--config", "config/config_count.json", "--output", tmp_path / "count")
    assert done.returncode == 0, done.stderr
    done = command("evaluate.py", "--model", tmp_path / "count", "--out", tmp_path / "e.json")
    report = json.loads((tmp_path / "e.json").read_text())
    assert report["metrics"] == report["recorded"]


@pytest.mark.parametrize(
    ("script", "arguments", "words"),
    [
        ("train.py", ["--config", "none.json"], "none.json: cannot be read: No such file or directory"),
        ("train.py", [], "the following arguments are required: --config"),
        ("train.py", ["--config", "config/config_dqn.json", "--seed", "-1"], "--seed: -1 is out of range"),
        ("train.py", ["--config", "config/config_dqn.json", "--seed", str(2**63)], "must be in [0, 9.22337e18]"),
        (
            "train.py",
            ["--config", "config/config_dqn.json", "--set", "hp_params.gama=1"],
            "config/config_dqn.json: hp_params.gama: unknown key; did you mean 'gamma'?",
        ),
        ("evaluate.py", ["--model", "config"], "--model config: no trained model here (model.json is missing)"),
    ],
)
def test_mistake_is_one_line_and_exit_code_2(script, arguments, words):
    done = command(script, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("script", ["train.py", "optimize.py"])
def test_a_gpu_that_is_not_there_is_one_line_and_exit_code_2_before_anything_is_written(tmp_path, script):
    if gpu_of_machine() is not None:
        pytest.skip("TensorFlow sees a GPU here")
    model_file, study_file = tmp_path / "model.json", tmp_path / "study.json"
    settings = json.loads((ROOT / "config/config_dqn.json").read_text())
    settings["hp_params"]["device"] = "gpu"
    model_file.write_text(json.dumps(settings))
    study = json.loads((ROOT / "config/optim_dqn.json").read_text())
    study_file.write_text(json.dumps(study | {"config": str(model_file)}))
    files = {"train.py": ["--config", model_file], "optimize.py": [study_file]}
    done = command(script, *files[script], "--output", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr == f"error: {NO_GPU}\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--episodes", "0"], "--episodes: 0 is out of range, must be at least 1"),
        (["--env", "Moon-v0"], "--env: unknown environment 'Moon-v0'"),
        (["--env", "tests/rows.jsonl"], "does not go with a model of 'CartPole-v0': one is data, one is not"),
        (["--seed", "-1"], "--seed: -1 is out of range, must be in [0, 9.22337e18]"),
        (["--seed", str(2**63)], f"--seed: {2**63} is out of range, must be in [0, 9.22337e18]"),
        (["--out", "nowhere/e.json"], "--out nowhere/e.json: no file can be written there"),
    ],
)
def test_evaluate_checks_its_arguments(trained, arguments, words):
    done = command("evaluate.py", "--model", trained, *arguments)
    assert done.returncode == 2
    assert words in done.stderr


@pytest.fixture
def twelve_runs(tmp_path):
    """A trial of twelve runs whose mean depends on the order in which they are added up."""
    study = make_study({"x": [0.1, 0.2]}, model(noise=1e3), sampler="grid", seeds_per_trial=12, max_iters=1)
    return search(study, tmp_path / "study", seed=1).trials[0], tmp_path / "study/trials/0000"


def test_twelve_runs_are_averaged_in_the_order_in_which_they_were(twelve_runs, tmp_path):
    trial, folder = twelve_runs
    scores = [run.metrics["score"] for run in trial.runs]
    by_name = [scores[int(name)] for name in sorted(map(str, range(12)))]
    assert float(np.mean(by_name)) != trial.value  # what a sum in the order of names would give
    assert main(["evaluate", "--model", str(folder), "--out", str(tmp_path / "e.json")]) == 0
    report = json.loads((tmp_path / "e.json").read_text())
    assert report["metrics"]["score"] == trial.value
    assert [run["metrics"]["score"] for run in report["runs"]] == scores


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not the record of a trained model: Input data was truncated"),
        ("[]", "not the record of a trained model: expected `object`, got `array`"),
        ('{"class": "DQN"}', "not the record of a trained model: object missing required field `environment`"),
        ('{"format": 3}', "has format 3; this version of RLiable reads formats up to 2"),
    ],
)
def test_damaged_model_json_is_one_line_and_exit_code_2(tmp_path, content, words):
    (tmp_path / "model.json").write_text(content)
    done = command("evaluate.py", "--model", tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path / 'model.json'}: {words}\n"


def test_models_lists_what_there_is_and_each_hyperparameter():
    listing = subprocess.run(
        [sys.executable, "-m", "rliable", "models"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    assert "DQN" in listing
    assert "CountModel" in listing
    table = subprocess.run(
        [sys.executable, "-m", "rliable", "models", "DQN"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    assert "epsilon_decay_steps" in table
    assert "environment steps" in table


def test_a_child_that_is_forked_in_an_evaluation_reports_nothing(tmp_path):
    file = tmp_path / "model.json"
    file.write_text(
        json.dumps(
            {"class": "tests.study_models:Forking", "environment": "tests/rows.jsonl", "mdl_file": "w", "hp_params": {}}
        )
    )
    command("train.py", "--config", file, "--output", tmp_path / "trained")
    done = command("evaluate.py", "--model", tmp_path / "trained")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("recorded") == 1
