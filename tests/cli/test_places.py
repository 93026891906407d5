"""Studies and models of the user's own in whatever folder, and on whatever environment."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rliable.records.results import load_record

ROOT = Path(__file__).parents[2]


def run(script, folder, *arguments, **variables):
    """Runs a script of ours in a folder."""
    command = [sys.executable, str(ROOT / script), *map(str, arguments)]
    environment = {**os.environ, **variables}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=120)


@pytest.fixture
def odd_folder(tmp_path):
    """A folder whose name is no UTF-8, with the sample files in it."""
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    try:
        Path(folder).mkdir()
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    shutil.copytree(ROOT / "config", Path(folder) / "config")
    return Path(folder)


def test_working_folder_that_is_no_utf_8_is_like_any_other(odd_folder):
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    study = [odd_folder / "config/optim_count.json", "--output", odd_folder / "study", "--max-iters", 2]
    trained = ["--config", "config/config_count.json", "--output", odd_folder / "model"]
    evaluated = ["--model", odd_folder / "study/best", "--out", odd_folder / "e.json"]
    for script, arguments in [
        ("optimize.py", study),
        ("optimize.py", ["--resume", "study", "--max-iters", 3]),
        ("train.py", trained),
        ("evaluate.py", evaluated),
    ]:
        done = run(script, odd_folder, *arguments, **strict)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert len(load_record(odd_folder / "study").trials) == 3
    missing = run("optimize.py", odd_folder, odd_folder / "none.json", **strict)
    assert missing.returncode == 2
    assert missing.stderr.count("\n") == 1


@pytest.fixture
def without_gym(tmp_path):
    """A folder to be put on the path, with which Gym and TensorFlow are as good as not installed."""
    folder = tmp_path / "missing"
    folder.mkdir()
    for name in ("gym", "gym_notices", "tensorflow", "tf_agents"):
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}', name={name!r})")
    return folder


@pytest.mark.parametrize("name", ["CartPole-v1", "Moon-v7"])
def test_model_of_ones_own_needs_none_of_our_environments(study, tmp_path, without_gym, name):
    file = study(max_iters=1)
    model = json.loads((tmp_path / "model.json").read_text())
    model |= {"class": "tests.study_models:Told", "environment": name}
    (tmp_path / "model.json").write_text(json.dumps(model))
    done = run("optimize.py", ROOT, file, "--output", tmp_path / "out", "--no-plots", PYTHONPATH=str(without_gym))
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "out/best/run_0/predictions.json").read_text())["predictions"]
    assert told == [name, name]
    done = run("evaluate.py", ROOT, "--model", tmp_path / "out/best", PYTHONPATH=str(without_gym))
    assert done.returncode == 0, done.stderr


@pytest.fixture
def project(tmp_path):
    """A project with a study, and a model that train.py has made, of a class and data of its own."""
    home = tmp_path / "project"
    (home / "experiment/data").mkdir(parents=True)
    (home / "experiment/data/rows.csv").write_text("value\n1\n3\n")
    (home / "experiment/own_mean.py").write_text("from models.count_model import CountModel as Mean")
    model = {"class": "own_mean.py:Mean", "environment": "data/rows.csv", "mdl_file": "w", "hp_params": {}}
    (home / "experiment/model.json").write_text(json.dumps(model))
    study = {"config": "model.json", "optim_name": "mean", "num_workers": 1, "grid": {"increment": [1, 2]}}
    study |= {"metric": {"name": "mse", "criteria": "min"}, "max_iters": 2, "convergence": None, "sampler": "grid"}
    (home / "experiment/study.json").write_text(json.dumps(study))
    for script, arguments in [
        ("optimize.py", ["experiment/study.json", "--output", "runs/one", "--no-plots"]),
        ("train.py", ["--config", "experiment/model.json", "--output", "runs/trained"]),
    ]:
        done = run(script, home, *arguments, PYTHONPATH=str(ROOT))
        assert done.returncode == 0, done.stdout + done.stderr
    return home


def evaluated_environments(folder, file, *models):
    """The data that models of a file are evaluated on from a working folder, once the figures are those recorded."""
    found = set()
    for model in models:
        arguments = ["--model", model, "--trust", file, "--out", folder / "e.json"]
        done = run("evaluate.py", folder, *arguments, PYTHONPATH=str(ROOT))
        assert done.returncode == 0, done.stderr
        report = json.loads((folder / "e.json").read_text())
        for one in report.get("runs", [report]):
            assert one["metrics"] == one["recorded"]
            found.add(one["environment"])
    return found


@pytest.mark.parametrize("name", ["trained", "one/best", "one/best/run_0", "one/trials/0001"])
def test_runs_of_a_project_that_was_moved_are_evaluated_on_its_own_data(project, tmp_path, name):
    project.rename(tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    data = tmp_path / "moved/experiment/data/rows.csv"
    file = tmp_path / "moved/experiment/own_mean.py"
    assert evaluated_environments(tmp_path / "elsewhere", file, tmp_path / "moved/runs" / name) == {str(data)}


@pytest.mark.parametrize("name", ["trained", "one"])
def test_runs_that_were_moved_with_their_data_beside_them_are_evaluated(project, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    shutil.move(project / "runs" / name, tmp_path / "elsewhere")
    for part in ("data", "own_mean.py"):
        shutil.move(project / "experiment" / part, tmp_path / "elsewhere")
    models = [tmp_path / "elsewhere" / name / part for part in (("best", "trials/0001") if name == "one" else ("",))]
    file = tmp_path / "elsewhere/own_mean.py"
    assert evaluated_environments(project, file, *models) == {str(tmp_path / "elsewhere/data/rows.csv")}


def test_a_copied_run_is_evaluated_on_the_data_where_they_were(project, tmp_path):
    shutil.copytree(project / "runs/one/best", tmp_path / "copy")
    data = project / "experiment/data/rows.csv"
    file = project / "experiment/own_mean.py"
    assert evaluated_environments(tmp_path, file, tmp_path / "copy") == {str(data)}


def test_study_with_a_class_beside_it_runs_and_goes_on_from_elsewhere(study, tmp_path):
    file = study(max_iters=1)
    model = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "beside_model.py").write_text("from tests.study_models import Score")
    (tmp_path / "model.json").write_text(json.dumps({**model, "class": "beside_model.py:Score"}))
    done = run("optimize.py", ROOT, file, "--output", tmp_path / "out", "--no-plots")
    assert done.returncode == 0, done.stderr
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "out", tmp_path / "elsewhere/out")
    resumed = ["--resume", "out", "--max-iters", 2, "--no-plots", "--trust", tmp_path / "beside_model.py"]
    done = run("optimize.py", tmp_path / "elsewhere", *resumed, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert [trial.error for trial in load_record(tmp_path / "elsewhere/out").trials] == [None, None]
