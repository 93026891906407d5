"""What a run leaves in its folder, and how it is read again."""

import json

import pytest

from rliable.folder_files import read_files
from rliable.records.folders import RunFolder
from rliable.records.run_files import find_runs, write_run
from rliable.schema import ConfigError
from rliable.unit import ModelConfig, PlayedSlice, UnitResult

MODEL = ModelConfig("tests.study_models:Score", "tests/rows.jsonl", "w", {"x": 1})
#: Every name that the program itself writes beside a model.
OUR_NAMES = (
    "model.json",
    "returns.csv",
    "predictions.json",
    "learning_curve.csv",
    "learning_curve.png",
    "events.out.tfevents.0",
    "error.txt",
    "log.txt",
    "trial.json",
    "model/model.json",
)


def result(**fields):
    row = {"step": 1, "loss": 0.5}
    defaults = {"metrics": {"score": 1.5}, "files": {}, "learning_curve": [row], "predictions": [1.5]}
    return UnitResult(trial=0, seed=7, **{**defaults, **fields})


def test_a_model_may_save_files_of_any_name(tmp_path):
    files = {name: f"the model's own {name}".encode() for name in OUR_NAMES}
    played = [PlayedSlice(0, 1, "driver", 1, "here", [1.5])]
    write_run(RunFolder(tmp_path), MODEL, 1, result(files=files, slices=played))
    (found,) = find_runs(str(tmp_path))
    assert read_files(str(found.model_folder)) == files
    assert (found.seed, found.num_episodes, found.metrics) == (7, 1, {"score": 1.5})
    assert (tmp_path / "returns.csv").read_text() == "episode,return,slot,pid\n0,1.5,driver,1\n"


def test_a_model_that_saves_nothing_is_loaded_from_an_empty_folder(tmp_path):
    write_run(RunFolder(tmp_path), MODEL, 1, result())
    (found,) = find_runs(str(tmp_path))
    assert list(found.model_folder.iterdir()) == []


def test_files_say_their_format(tmp_path):
    write_run(RunFolder(tmp_path), MODEL, 1, result())
    assert json.loads((tmp_path / "predictions.json").read_text()) == {"format": 2, "predictions": [1.5]}
    assert json.loads((tmp_path / "model.json").read_text()) == {
        "format": 2,
        "class": "tests.study_models:Score",
        "environment": "tests/rows.jsonl",
        "hp_params": {"x": 1},
        "data": "environment",
        "files": {},
        "seed": 7,
        "threads": 1,
        "num_test_episodes": None,
        "metrics": {"score": 1.5},
        "environment_kwargs": {},
        "wrappers": [],
    }


def test_a_run_of_version_0_1_has_its_model_beside_the_rest(tmp_path):
    write_run(RunFolder(tmp_path), MODEL, 1, result())
    data = json.loads((tmp_path / "model.json").read_text())
    del data["format"]
    (tmp_path / "model.json").write_text(json.dumps(data))
    (found,) = find_runs(str(tmp_path))
    assert found.model_folder == tmp_path  # although its model has made a folder that has the name of ours


def test_runs_of_a_trial_come_in_the_order_of_their_numbers(tmp_path):
    for number in range(12):
        write_run(RunFolder(tmp_path / f"run_{number}"), MODEL, 1, result(metrics={"score": float(number)}))
    assert [run.metrics["score"] for run in find_runs(str(tmp_path))] == list(range(12))


def test_a_run_without_a_model_says_why(tmp_path):
    write_run(RunFolder(tmp_path / "failed"), MODEL, 1, result(metrics=None, error="ValueError: no"))
    write_run(RunFolder(tmp_path / "stopped"), MODEL, 1, result(metrics=None, is_stopped=True))
    with pytest.raises(ConfigError, match=r"failed: this run failed and left no model; see error\.txt"):
        find_runs(str(tmp_path / "failed"))
    with pytest.raises(ConfigError, match="stopped: this run was stopped"):
        find_runs(str(tmp_path / "stopped"))
    assert not (tmp_path / "failed/model").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class": None}, "class: expected `str`, got `null`"),
        ({"seed": "x"}, "seed: expected `int`, got `str`"),
        ({"hp_params": [1]}, "hp_params: expected `object`, got `array`"),
        ({"format": 9}, "has format 9; this version of RLiable reads formats up to 2"),
    ],
)
def test_a_damaged_model_json_is_one_line(tmp_path, change, words):
    write_run(RunFolder(tmp_path), MODEL, 1, result())
    data = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(data | change))
    with pytest.raises(ConfigError) as error:
        find_runs(str(tmp_path))
    (line,) = error.value.problems
    assert line.startswith(f"{tmp_path / 'model.json'}: ")
    assert line.endswith(words)
