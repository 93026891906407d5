"""Hyperparameters that do not go together: refused before a study starts where no configuration can be trained."""

import json

import pytest

from models.c51 import C51Hyperparameters
from models.dqn import DQNHyperparameters
from models.ppo import PPOHyperparameters
from rliable.config.study_file import load_study
from rliable.schema import ConfigError, check_record
from rliable.unit import ModelConfig
from tests.studies import make_study
from tests.tuning.searches import search

MODEL = {"class": "C51", "environment": "CartPole-v1", "mdl_file": "w", "hp_params": {"train_iterations": 100}}
STUDY = {
    "config": "model.json",
    "optim_name": "Test",
    "num_workers": 1,
    "metric": {"name": "reward", "criteria": "max"},
    "max_iters": 3,
    "convergence": None,
}
WIDE = "set them to the lowest and the highest return"


def refused(folder, monkeypatch, grid, name="C51", **hp_params):
    """Why a study is refused; empty if it is not."""
    monkeypatch.chdir(folder)
    model = {**MODEL, "class": name, "hp_params": {**MODEL["hp_params"], **hp_params}}
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "study.json").write_text(json.dumps({**STUDY, "grid": grid}))
    try:
        load_study("study.json")
    except ConfigError as error:
        return error.problems
    return []


@pytest.mark.parametrize(
    ("grid", "hp_params", "line"),
    [
        (
            {"v_min": 20, "learning_rate": {"min": 0.1, "max": 0.2}},
            {},
            f"study.json: grid.v_min: 20 is not below v_max 10; {WIDE}",
        ),
        (
            {"v_max": [-20, -30], "num_atoms": [11, 21]},
            {},
            f"model.json: hp_params.v_min: none of 4 configurations fits: -10 is not below v_max -20; {WIDE}",
        ),
        (
            {"learning_rate": [0.1, 0.2]},
            {"v_min": 10},
            f"model.json: hp_params.v_min: 10 is not below v_max 10; {WIDE}",
        ),
        (
            {"batch_size": {"min": 600, "max": 5000}, "learning_rate": {"min": 0.1, "max": 0.2}},
            {"replay_buffer_max_length": 500},
            "study.json: grid.batch_size: none of 1000 configurations fits: 4316 is above replay_buffer_max_length "
            "500; take at most 500, or keep more",
        ),
    ],
)
def test_study_of_which_no_configuration_fits_is_refused_in_one_line(tmp_path, monkeypatch, grid, hp_params, line):
    assert refused(tmp_path, monkeypatch, grid, **hp_params) == [line]


@pytest.mark.parametrize(
    "grid",
    [
        {"v_min": [20, -20]},
        {"v_min": {"min": 0.0, "max": 20.0}},
        {"v_min": {"values": [20], "when": {"double": True}}, "double": [True, False]},
    ],
)
def test_study_of_which_some_configuration_fits_is_accepted(tmp_path, monkeypatch, grid):
    assert refused(tmp_path, monkeypatch, grid) == []


def test_conditional_hyperparameter_without_default_must_be_in_the_model_file(tmp_path, monkeypatch):
    grid = {"double": [True, False], "train_iterations": {"min": 5, "max": 9, "when": {"double": True}}}
    assert refused(tmp_path, monkeypatch, grid) == []
    model = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**model, "hp_params": {}}))
    with pytest.raises(ConfigError) as caught:
        load_study("study.json")
    assert caught.value.problems == ["model.json: hp_params.train_iterations: missing; How long to train."]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (
            {"values": [0.9, 1.5], "when": {"double": True}},
            "study.json: grid.gamma.values[1]: 1.5 is out of range, must be in [0, 1]",
        ),
        (
            {"min": 0.1, "max": 1.5, "when": {"double": True}},
            "study.json: grid.gamma.max: 1.5 is out of range, must be in [0, 1]",
        ),
    ],
)
def test_values_of_a_conditional_hyperparameter_are_checked_by_the_models_rules(tmp_path, monkeypatch, entry, line):
    assert refused(tmp_path, monkeypatch, {"double": [True, False], "gamma": entry}) == [line]


def test_what_a_derived_range_gives_is_checked_by_the_models_rules(tmp_path, monkeypatch):
    grid = {"gamma": {"min": 0.0, "max": 0.5, "as": "1 - gamma"}}
    assert refused(tmp_path, monkeypatch, grid) == []
    grid = {"batch_size": {"min": 0.1, "max": 0.5, "as": "1 - batch_size"}}
    assert [line.split(",")[0] for line in refused(tmp_path, monkeypatch, grid)] == [
        "study.json: grid.batch_size.min: this range gives real numbers",
        "study.json: grid.batch_size.max: this range gives real numbers",
    ]
    grid = {"v_min": -10, "learning_rate_end": 0.1, "num_test_episodes": {"min": 0, "max": 0, "as": "1 - gamma"}}
    assert refused(tmp_path, monkeypatch, grid)[0].startswith("study.json: grid.num_test_episodes.as: expected")


@pytest.mark.agents
@pytest.mark.slow
def test_sampled_trial_whose_hyperparameters_clash_fails_with_the_line(tmp_path):
    quick = {"train_iterations": 2, "initial_collect_steps": 40, "num_eval_episodes": 1, "batch_size": 16}
    model = ModelConfig("C51", "CartPole-v1", "", {**quick, "fc_layer_params": [8]})
    grid = {"v_min": [20.0, -20.0]}
    record = search(make_study(grid, model, metric="reward", sampler="grid", max_iters=2), tmp_path / "study")
    clashing, fitting = record.trials
    assert clashing.error == f"ConfigError: hp_params.v_min: 20 is not below v_max 10; {WIDE}"
    assert fitting.is_complete


def clashes(table, **hp_params):
    return [str(problem) for problem in check_record(table, {"train_iterations": 100, **hp_params}, "hp_params")[1]]


def test_batch_above_the_memory_is_refused_with_the_cure():
    assert clashes(DQNHyperparameters, batch_size=64, replay_buffer_max_length=64) == []
    assert clashes(DQNHyperparameters, batch_size=65, replay_buffer_max_length=64) == [
        "hp_params.batch_size: 65 is above replay_buffer_max_length 64; take at most 64, or keep more"
    ]


@pytest.mark.parametrize(
    ("table", "hp_params"),
    [
        (DQNHyperparameters, {"num_environments": 8, "initial_collect_steps": 1001, "collect_steps_per_iteration": 4}),
        (PPOHyperparameters, {"num_environments": 8, "collect_steps_per_iteration": 128}),
        (C51Hyperparameters, {"collect_steps_per_iteration": 3}),
    ],
)
def test_more_steps_than_can_be_counted_are_refused_with_the_cure(table, hp_params):
    (line,) = clashes(table, train_iterations=10**9, **hp_params)
    assert line.startswith("hp_params.train_iterations: 1000000000 iterations x ")
    fitting = int(line.rpartition("at most ")[2].split()[0])
    assert clashes(table, train_iterations=fitting, **hp_params) == []
    assert clashes(table, train_iterations=fitting + 1, **hp_params) != []


def test_every_clash_of_an_agent_is_named():
    found = clashes(C51Hyperparameters, v_min=5, v_max=1, batch_size=9, replay_buffer_max_length=8)
    assert [line.partition(":")[0] for line in found] == ["hp_params.batch_size", "hp_params.v_min"]


@pytest.mark.parametrize(("name", "value"), [("env_workers", 2), ("env_step_timeout_seconds", 1.5)])
def test_what_does_nothing_inside_the_graph_is_refused_where_it_is_set(tmp_path, monkeypatch, name, value):
    why = "is for environments outside the graph, and CartPole-v1 steps inside it; leave it out"
    grid = {"learning_rate": [0.1, 0.2]}
    assert refused(tmp_path, monkeypatch, grid, **{name: value}) == [f"model.json: hp_params.{name}: {why}"]
    assert refused(tmp_path, monkeypatch, {**grid, name: value}) == [f"study.json: grid.{name}: {why}"]
    assert refused(tmp_path, monkeypatch, grid, env_workers=0, env_step_timeout_seconds=None) == []


def test_a_device_is_one_of_three_and_no_hyperparameter_to_search_over(tmp_path, monkeypatch):
    grid = {"learning_rate": [0.1, 0.2]}
    words = "hp_params.device: unknown 'gpuu'; did you mean 'gpu'? known: auto, cpu, gpu"
    assert refused(tmp_path, monkeypatch, grid, device="gpuu") == [f"model.json: {words}"]
    alone = "grid.device: cannot be searched over; write it in the model file"
    assert refused(tmp_path, monkeypatch, {**grid, "device": ["cpu", "gpu"]}) == [f"study.json: {alone}"]


@pytest.mark.agents
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["mlp", "natur_cnn"], "unknown network 'natur_cnn'; did you mean 'nature_cnn'?"),
        (["mlp", "nature_cnn"], "NatureCNN needs images; CartPole-v1 shows 4 numbers (mlp sees those)"),
        ("impala_cnn", "ImpalaCNN needs images; CartPole-v1 shows 4 numbers (mlp sees those)"),
        ({"values": ["own.py:Own"]}, "'own.py:Own' names a file, which only the model file may; or write module:Class"),
    ],
)
def test_a_listed_value_with_which_nothing_can_learn_is_refused(tmp_path, monkeypatch, value, words):
    (line,) = refused(tmp_path, monkeypatch, {"network": value, "gamma": [0.9, 0.99]})
    assert line.startswith(f"study.json: grid.network: {words}")


@pytest.mark.agents
def test_listed_networks_that_fit_are_searched_over(tmp_path, monkeypatch):
    assert refused(tmp_path, monkeypatch, {"network": ["mlp", None]}) == []
