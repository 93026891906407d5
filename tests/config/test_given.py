"""Configurations that a study begins with: what is none of its search space is refused by its key path."""

import json

import pytest

from rliable.config.study_file import load_study
from rliable.schema import ConfigError

GRID = {
    "learning_rate": {"min": 1e-4, "max": 1e-2, "log": True},
    "batch_size": [16, 32],
    "target_update_tau": 0.5,
    "n_step": {"values": [2, 3], "when": {"batch_size": 16}},
    "gamma": {"min": 0.001, "max": 0.1, "log": True, "as": "1 - gamma"},
}
STUDY = {"config": "model.json", "optim_name": "Test", "num_workers": 1, "max_iters": 3, "convergence": None}
STUDY |= {"metric": {"name": "reward", "criteria": "max"}, "grid": GRID}
MODEL = {
    "class": "DQN",
    "environment": "CartPole-v1",
    "mdl_file": "w",
    "hp_params": {"batch_size": 32, "train_iterations": 10},
}


def load(folder, monkeypatch, **keys):
    monkeypatch.chdir(folder)
    (folder / "model.json").write_text(json.dumps(MODEL))
    (folder / "study.json").write_text(json.dumps({**STUDY, **keys}))
    return load_study("study.json")


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"enqueue": [{}, {"learning_rat": 0.1}]}, "enqueue[1].learning_rat: unknown parameter of the grid; did you"),
        ({"enqueue": [{"learning_rate": 0.1}]}, "enqueue[0].learning_rate: 0.1 is not among float 0.0001..0.01 (log)"),
        ({"enqueue": [{"batch_size": 64}]}, "enqueue[0].batch_size: 64 is not among choice 16, 32"),
        ({"enqueue": [{"batch_size": "16"}]}, "enqueue[0].batch_size: '16' is not among choice 16, 32"),
        ({"enqueue": [{"gamma": 0.5}]}, "enqueue[0].gamma: 0.5 is not among 1 minus float 0.001..0.1 (log)"),
        ({"enqueue": [{"gamma": 1.5}]}, "enqueue[0].gamma: 1.5 is not among 1 minus"),
        ({"enqueue": [{"target_update_tau": 1.0}]}, "enqueue[0].target_update_tau: 1.0 is not what grid.target_"),
        (
            {"enqueue": [{"n_step": 2, "batch_size": 32}]},
            "enqueue[0].n_step: is there only when batch_size is 16",
        ),
        ({"enqueue": [{}, {}, {}, {}]}, "max_iters: 3 is below the 4 trials that are given"),
        ({"include_base": True}, "grid.target_update_tau: fixes 0.5 where the model file has 1.0; change one of them"),
        ({"enqueue": {"batch_size": 16}}, "enqueue: expected a non-empty list of objects or null, found an object"),
        ({"include_base": True, "grid": {"batch_size": [8, 16]}}, "grid.batch_size: the model file's 32 is not among"),
    ],
)
def test_what_is_none_of_the_search_space_is_one_line(tmp_path, monkeypatch, keys, line):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, monkeypatch, **keys)
    (problem,) = caught.value.problems
    assert problem.startswith(f"study.json: {line}")


def test_a_study_begins_with_the_model_files_own_values_and_then_with_what_it_lists(tmp_path, monkeypatch):
    keys = {"include_base": True, "enqueue": [{"gamma": 0.99, "learning_rate": 1e-4}]}
    study = load(tmp_path, monkeypatch, **keys, grid={**GRID, "target_update_tau": 1.0})
    assert study.given[0]["batch_size"] == 32
    assert study.given[0].keys() == {"learning_rate", "batch_size", "gamma"}
    assert study.given[1] == {"gamma": 0.99, "learning_rate": 1e-4}
