"""`environment_kwargs` through the commands: trained with them, recorded, and evaluated with them again."""

import json

import pytest

from rliable.cli.evaluate import with_environment
from rliable.cli.study import Mode, start_study
from rliable.records.folders import RunFolder, StudyFolder
from rliable.records.run_files import find_runs, write_run
from rliable.records.saved_study import load_saved_study
from rliable.schema import ConfigError
from rliable.unit import ModelConfig, UnitResult

KWARGS = {"gravity": 5.0}
AGENT = {"class": "DQN", "environment": "CartPole-v1", "mdl_file": "w", "hp_params": {"train_iterations": 9}}
STUDY = {
    "config": "model.json",
    "optim_name": "Light",
    "num_workers": 1,
    "grid": {"batch_size": [32, 64]},
    "metric": {"name": "reward", "criteria": "max"},
    "max_iters": 2,
    "convergence": None,
}


@pytest.fixture
def saved(tmp_path):
    """A finished run in an environment with another constant."""
    model = ModelConfig("DQN", "CartPole-v1", "w", {}, environment_kwargs=KWARGS)
    write_run(RunFolder(tmp_path), model, 1, UnitResult(trial=0, seed=7, metrics={"reward": 1.5}))
    return tmp_path


def test_a_runs_record_holds_them_and_an_older_one_without_the_key_has_none(saved):
    record = json.loads((saved / "model.json").read_text())
    assert record["environment_kwargs"] == KWARGS
    assert find_runs(str(saved))[0].model.environment_kwargs == KWARGS
    del record["environment_kwargs"]
    (saved / "model.json").write_text(json.dumps(record))
    assert find_runs(str(saved))[0].model.environment_kwargs == {}


@pytest.mark.parametrize(
    ("name", "expected"), [(None, KWARGS), ("cartpole-v1", KWARGS), ("CartPole-v0", {}), ("gymnasium:CartPole-v1", {})]
)
def test_evaluation_elsewhere_has_the_usual_constants(saved, name, expected):
    (found,) = find_runs(str(saved))
    assert with_environment(found, name).model.environment_kwargs == expected


def test_a_recorded_constant_that_is_gone_is_one_line(saved):
    record = json.loads((saved / "model.json").read_text())
    (saved / "model.json").write_text(json.dumps({**record, "environment_kwargs": {"wind": 1}}))
    with pytest.raises(ConfigError, match=r"environment_kwargs\.wind: unknown constant; known: cart_mass, "):
        with_environment(find_runs(str(saved))[0], None)


def test_a_study_keeps_them_and_an_older_one_without_the_key_has_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps({**AGENT, "environment_kwargs": KWARGS}))
    (tmp_path / "study.json").write_text(json.dumps(STUDY))
    opened = start_study("study.json", {}, "out", Mode())
    opened.folder.lock.release()
    folder = StudyFolder(tmp_path / "out")
    assert load_saved_study(folder, {})[0].model.environment_kwargs == KWARGS
    record = json.loads(folder.study_json.read_text())
    del record["model"]["environment_kwargs"]
    folder.study_json.write_text(json.dumps(record))
    assert load_saved_study(folder, {})[0].model.environment_kwargs == {}
