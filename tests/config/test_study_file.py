"""Study files and model files: everything is checked before anything runs."""

import json

import pytest

from models import MODELS
from rliable.config.model_file import load_model_file
from rliable.config.study_file import load_study
from rliable.environments import ENVIRONMENTS
from rliable.schema import ConfigError

MODEL = {"class": "DQN", "environment": "CartPole-v0", "mdl_file": "weights/x", "hp_params": {"train_iterations": 100}}
STUDY = {
    "config": "model.json",
    "optim_name": "Test",
    "num_workers": 2,
    "grid": {"batch_size": [32, 64], "learning_rate": {"min": 0.001, "max": 0.005}},
    "metric": {"name": "reward", "criteria": "max"},
    "max_iters": 3,
    "convergence": 0.01,
}
LEARNS = "learns_from = ('pixels',)"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, study=STUDY, model=MODEL):
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "study.json").write_text(json.dumps(study))
    return "study.json"


def problems(folder, study=STUDY, model=MODEL, overrides=None):
    with pytest.raises(ConfigError) as caught:
        load_study(write(folder, study, model), overrides)
    return caught.value.problems


def test_readme_study_loads_with_defaults_filled_in(folder):
    study = load_study(write(folder))
    assert study.config.patience == 5
    assert study.model.hp_params["batch_size"] == 64
    assert study.num_trials == 3


@pytest.mark.parametrize("key", sorted(STUDY))
def test_each_required_key_is_named_when_it_is_missing(folder, key):
    lines = problems(folder, {name: value for name, value in STUDY.items() if name != key})
    assert [line for line in lines if line.startswith(f"study.json: {key}: missing")]


@pytest.mark.parametrize("key", sorted(STUDY))
def test_each_misspelt_key_is_named_with_the_nearest(folder, key):
    lines = problems(folder, {name + "x" * (name == key): value for name, value in STUDY.items()})
    assert [line for line in lines if line.startswith(f"study.json: {key}x: unknown key; did you mean '{key}'?")]


@pytest.mark.parametrize("key", ["class", "environment", "mdl_file", "hp_params"])
def test_each_required_key_of_the_model_file_is_named(folder, key):
    lines = problems(folder, model={name: value for name, value in MODEL.items() if name != key})
    assert [line for line in lines if line.startswith(f"model.json: {key}: missing")]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"max_iters": 0}, "study.json: max_iters: 0 is out of range, must be at least 1"),
        ({"max_iters": 2.5}, "study.json: max_iters: expected a whole number, found 2.5"),
        ({"convergence": -1}, "study.json: convergence: -1 is out of range, must be at least 0"),
        ({"sampler": "tep"}, "study.json: sampler: unknown 'tep'; did you mean 'tpe'? known: cmaes, gp, grid, qmc, random, tpe; or 'package.module:Class' or 'file.py:Class'"),
        ({"optim_name": "n" * 201}, f"study.json: optim_name: '{'n' * 59} cannot be a folder's name; use letters, digits, '-' and '_'"),
        ({"optim_name": "a/b"}, "study.json: optim_name: 'a/b' cannot be a folder's name; use letters, digits, '-' and '_'"),
        ({"config": "none.json"}, "study.json: config: no such file 'none.json'"),
        (
            {"metric": {"name": "rewrd", "criteria": "max"}},
            "study.json: metric.name: unknown 'rewrd'; did you mean 'reward'? known: reward, reward_iqm, reward_std",
        ),
        (
            {"metric": {"name": "reward", "criteria": "maximum"}},
            "study.json: metric.criteria: unknown 'maximum'; did you mean 'max'? known: max, min",
        ),
    ],
)  # fmt: skip
def test_wrong_study_key_is_one_line(folder, change, line):
    assert problems(folder, {**STUDY, **change}) == [line]


@pytest.mark.parametrize(
    ("grid", "line"),
    [
        ({"batch_size": [32, "a"]}, "study.json: grid.batch_size[1]: expected a whole number, found 'a'"),
        ({"batch_size": [32, 0]}, "study.json: grid.batch_size[1]: 0 is out of range, must be in [1, 65536]"),
        ({"learning_rate": {"min": 0.005, "max": 0.001}}, "study.json: grid.learning_rate.min: 0.005 is above max 0.001"),
        ({"learning_rate": {"min": -1.0, "max": 0.1}}, "study.json: grid.learning_rate.min: -1.0 is out of range, must be above 0, at most 1"),
        (
            {"batch_size": {"min": 1.5, "max": 9}},
            "study.json: grid.batch_size.min: this range gives real numbers, but a whole number is needed; "
            "write both ends and step whole",
        ),
    ],
)  # fmt: skip
def test_grid_is_checked_against_the_models_hyperparameters(folder, grid, line):
    assert line in problems(folder, {**STUDY, "grid": grid})


def test_range_of_one_value_is_that_value(folder):
    study = load_study(write(folder, {**STUDY, "grid": {"batch_size": {"min": 64, "max": 64}}}))
    assert study.space.fixed == {"batch_size": 64}


def test_unknown_hyperparameter_is_named_with_the_nearest(folder):
    (line,) = problems(folder, {**STUDY, "grid": {"learning_rat": [0.1]}})
    assert line.startswith("study.json: grid.learning_rat: unknown hyperparameter; did you mean 'learning_rate'?")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"class": "DQM"}, f"model.json: class: unknown model 'DQM'; did you mean 'DQN'? known: {', '.join(sorted(MODELS))}; or 'package.module:Class' or 'file.py:Class'"),
        ({"class": "no.such:Thing"}, "model.json: class: no module named 'no.such' on the path or in the working folder"),
        ({"class": "json:Thing"}, "model.json: class: json has no class 'Thing'"),
        ({"class": "tests.study_models:Incomplete"}, "model.json: class: tests.study_models:Incomplete lacks the method 'load_model', which every model needs"),
        ({"environment": "none.csv"}, "model.json: environment: no such file 'none.csv'"),
        pytest.param(
            {"environment": "CartPol-v1"},
            "model.json: environment: unknown environment 'CartPol-v1'; did you mean 'CartPole-v1'? "
            f"known: {', '.join(sorted(ENVIRONMENTS))}; `rliable environments --all` lists those of Gymnasium and Gym; "
            "or 'package.module:Class' or 'file.py:Class'",
            marks=pytest.mark.agents,  # Gymnasium comes with them
        ),
    ],
)  # fmt: skip
def test_wrong_model_key_is_one_line(folder, change, line):
    assert problems(folder, model={**MODEL, **change}) == [line]


def test_class_name_is_no_key_and_beats_nothing(folder):
    lines = problems(folder, model={**MODEL, "class_name": "CountModel"})
    known = "algorithm, class, data, environment, environment_kwargs, hp_params, mdl_file, wrappers"
    assert lines == [f"model.json: class_name: unknown key; did you mean 'class'? known: {known}"]


@pytest.mark.parametrize("name", ["CartPole-v0", "rows.csv"])
def test_model_that_learns_from_something_else_is_refused_before_anything_runs(folder, name):
    (folder / "rows.csv").write_text("value\n1\n")
    model_class = "CountModel" if name == "CartPole-v0" else "DQN"
    study = {**STUDY, "grid": {}, "metric": {"name": "mse" if name == "CartPole-v0" else "reward", "criteria": "min"}}
    model = {"class": model_class, "environment": name, "mdl_file": "w", "hp_params": {}}
    lines = problems(folder, study, model | ({"hp_params": MODEL["hp_params"]} if model_class == "DQN" else {}))
    assert len(lines) == 1
    assert lines[0].startswith(f"model.json: environment: '{name}' is ")
    assert "; this model learns from " in lines[0]


def test_class_may_say_what_it_learns_from_only_in_known_words(folder):
    (folder / "odd_agent.py").write_text(f"from tests.study_models import Score\nclass Agent(Score):\n    {LEARNS}")
    (line,) = problems(folder, {**STUDY, "grid": {}}, {**MODEL, "class": "odd_agent.py:Agent"})
    assert (
        line
        == "model.json: class: odd_agent.py:Agent.learns_from must be one or more of environment, gymnasium, rows, name"
    )


def test_everything_of_ones_own_is_found_beside_the_file_that_names_it(folder, monkeypatch):
    (folder / "there").mkdir()
    (folder / "there/own_model.py").write_text("from tests.study_models import Score")
    (folder / "there/own_sampler.py").write_text("from optuna.samplers import RandomSampler")
    (folder / "there/rows.csv").write_text("value\n1\n")
    model = {"class": "own_model.py:Score", "environment": "rows.csv", "mdl_file": "w", "hp_params": {}}
    study = {**STUDY, "sampler": "own_sampler.py:RandomSampler", "metric": {"name": "score", "criteria": "max"}}
    write(folder / "there", study, model)
    found = load_study("there/study.json")
    assert found.model.class_name == "there/own_model.py:Score"
    assert found.config.sampler == "there/own_sampler.py:RandomSampler"
    assert found.files == {
        "there/own_model.py": "own_model.py",
        "there/own_sampler.py": "own_sampler.py",
        str(folder / "there/rows.csv"): "rows.csv",
    }


def test_all_mistakes_of_both_files_are_shown_together(folder):
    study = {**STUDY, "max_iters": 0, "grid": {"batch_size": []}, "metric": {"name": "x", "criteria": "max"}, "sed": 1}
    lines = problems(
        folder, study, {**MODEL, "environment": "Moon-v0", "hp_params": {"gama": 0.9, "train_iterations": 1}}
    )
    keys = [line.split(": ")[1] for line in lines]
    assert sorted(keys) == sorted(
        ["sed", "max_iters", "grid.batch_size", "metric.name", "environment", "hp_params.gama"]
    )


@pytest.mark.parametrize("place", ["study", "grid", "hp_params"])
def test_of_very_many_mistakes_the_first_are_shown_and_the_others_counted(folder, place):
    many = {f"key{number}": 1 for number in range(100_000)}
    model = {**MODEL, "hp_params": {**MODEL["hp_params"], **many}} if place == "hp_params" else MODEL
    study = {"study": {**STUDY, **many}, "grid": {**STUDY, "grid": many}}.get(place, STUDY)
    with pytest.raises(ConfigError) as caught:
        load_study(write(folder, study, model))
    lines = str(caught.value).splitlines()
    assert len(caught.value.found) == 100_000
    assert len(lines) == 21
    assert sum("known: " in problem.words for problem in caught.value.found) == 20  # to find them takes time
    assert lines[20] == "... and 99,980 more"


def test_environment_name_forgives_case_and_says_so(folder):
    study = load_study(write(folder, model={**MODEL, "environment": "cartpole-V1"}))
    assert study.model.environment == "CartPole-v1"
    assert study.notes == ("environment 'cartpole-V1' is CartPole-v1",)


def test_study_may_set_what_the_model_file_leaves_out(folder):
    study = {**STUDY, "grid": {"train_iterations": [10, 20]}}
    assert load_study(write(folder, study, {**MODEL, "hp_params": {}})).space.size == 2


def test_override_replaces_a_value_of_the_file(folder):
    study = load_study(write(folder), {"grid.batch_size": [8, 16, 32], "max_iters": 7})
    assert study.space.varied["batch_size"].size == 3
    assert study.config.max_iters == 7


def test_model_file_is_found_beside_the_study_file(folder):
    (folder / "deep").mkdir()
    write(folder / "deep")
    assert load_study("deep/study.json").model.class_name == "DQN"


def test_data_file_is_found_beside_the_model_file_from_any_folder(folder, monkeypatch):
    (folder / "there/data").mkdir(parents=True)
    (folder / "there/data/rows.csv").write_text("value\n1\n")
    model = {"class": "CountModel", "environment": "data/rows.csv", "mdl_file": "w", "hp_params": {}}
    (folder / "there/model.json").write_text(json.dumps(model))
    config, notes, files = load_model_file("there/model.json")
    assert config.environment == str(folder / "there/data/rows.csv")
    assert notes == []
    assert files == {str(folder / "there/data/rows.csv"): "data/rows.csv"}


@pytest.mark.parametrize("change", [{"sampler": ["random"]}, {"seed": 2**63}, {"optim_name": "a\ud800b"}])
def test_odd_values_are_one_line_too(folder, change):
    (line,) = problems(folder, {**STUDY, **change})
    assert line.startswith(f"study.json: {next(iter(change))}: ")


def test_model_file_alone_is_checked_too(folder):
    write(folder, model={**MODEL, "hp_params": {"gamma": 2}})
    with pytest.raises(ConfigError) as caught:
        load_model_file("model.json")
    assert {line.split(": ")[1] for line in caught.value.problems} == {"hp_params.train_iterations", "hp_params.gamma"}
