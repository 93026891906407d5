"""`environment_kwargs`: what may be changed, how mistakes read, and that what is changed arrives everywhere."""

import dataclasses

import pytest

from rliable.config.constants import FIXED, KEY, constants_of, constants_problems, typed
from rliable.config.model_file import load_model_file
from rliable.environments import ENVIRONMENTS, load_data
from rliable.environments.cartpole import CartPole
from rliable.executors.worker import open_data
from rliable.registry import ENVIRONMENTS as REGISTRY
from rliable.schema import ConfigError
from rliable.unit import ModelConfig

OWN = "tests.environments.own_environment"
CARTPOLE = "cart_mass, force, gravity, half_pole_length, max_episode_steps, pole_mass"


def lines_of(environment, given, kind="environment"):
    return [str(problem) for problem in constants_problems(environment, kind, given)]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"gravty": 9}, f"{KEY}.gravty: unknown constant; did you mean 'gravity'? known: {CARTPOLE}"),
        ({"name": "Pole"}, f"{KEY}.name: unknown constant; known: {CARTPOLE}"),
        ({"gravity": "low"}, f"{KEY}.gravity: expected a number, found 'low'"),
        ({"gravity": True}, f"{KEY}.gravity: expected a number, found true"),
        ({"max_episode_steps": 1.5}, f"{KEY}.max_episode_steps: expected a whole number, found 1.5"),
        ({"gravity": -1}, f"{KEY}.gravity: -1 is out of range, must be in [0, 1000]"),
        ({"cart_mass": 0}, f"{KEY}.cart_mass: 0 is out of range, must be above 0, at most 1000"),
    ],
)
def test_a_mistake_is_one_line_with_the_cure(given, line):
    assert lines_of("CartPole-v1", given) == [line]


def test_all_mistakes_are_told_together_and_what_is_right_is_not():
    assert len(lines_of("CartPole-v1", {"gravity": -1, "x": 1, "force": 3})) == 2
    assert lines_of("CartPole-v1", {"gravity": 0, "max_episode_steps": 1}) == []


@pytest.mark.parametrize(
    ("environment", "kind", "why"),
    [("ALE/Pong-v5", "name", "is made by the model itself"), ("/data/rows.csv", "rows", "is a file of rows")],
)
def test_what_is_not_made_for_the_model_has_no_constants(environment, kind, why):
    line = f"{KEY}: is for environments that are made for the model, and {environment} {why}"
    assert lines_of(environment, {"gravity": 1}, kind) == [line]
    assert lines_of(environment, {}, kind) == []


def test_an_environment_without_constants_says_so():
    assert lines_of("BasicEnv", {"size": 2}) == [f"{KEY}.size: unknown constant; BasicEnv has none"]


def test_the_keywords_of_ones_own_class_are_its_constants_and_checked_by_their_types():
    own = f"{OWN}:LongPole"
    assert lines_of(own, {"length": 3, "limit": None, "note": [1]}) == []
    assert lines_of(own, {"length": "x"}) == [f"{KEY}.length: expected a number, found 'x'"]
    assert lines_of(own, {"gravity": 1}) == [f"{KEY}.gravity: unknown constant; known: length, limit, mark, note"]
    assert load_data(own, constants={"length": 3}).half_pole_length == 1.5


def test_a_function_that_takes_any_keyword_is_given_any():
    assert lines_of(f"{OWN}:make_any_pole", {"gravity": 3, "whatever": 1}) == []
    assert load_data(f"{OWN}:make_any_pole", constants={"gravity": 3}).gravity == 3


@pytest.mark.parametrize("name", sorted(ENVIRONMENTS))
def test_every_constant_says_what_it_is_and_another_value_makes_another_environment(name):
    factory, usual = REGISTRY.load(name), load_data(name)
    for constant, declared in constants_of(factory).items():
        assert constant not in FIXED
        assert declared.rule.doc.endswith(".") and declared.rule.allowed()
        assert lines_of(name, {constant: declared.default}) == []
        assert load_data(name, constants={constant: declared.default}) == usual
        other = declared.default + 1 if isinstance(declared.default, int) else declared.default / 2 + 0.001
        assert lines_of(name, {constant: other}) == []
        changed, again = (load_data(name, constants={constant: other}) for _ in range(2))
        assert getattr(changed, constant) == other
        assert changed == again and hash(changed) == hash(again) and changed != usual


def test_a_whole_number_makes_the_same_environment_as_its_float():
    assert repr(typed(CartPole, {"gravity": 5, "max_episode_steps": 7})) == "{'gravity': 5.0, 'max_episode_steps': 7}"
    assert repr(load_data("CartPole-v1", constants={"gravity": 5})) == repr(CartPole(gravity=5.0))


MODEL_FILE = """{"class": "DQN", "environment": "cartpole-v1", "mdl_file": "w", "hp_params": {"train_iterations": 9},
                "environment_kwargs": {"gravity": 5}}"""


@pytest.fixture
def model_file(tmp_path):
    (tmp_path / "model.json").write_text(MODEL_FILE)
    return str(tmp_path / "model.json")


def test_what_a_model_file_changes_reaches_the_worker_and_the_model(model_file):
    model, _, _ = load_model_file(model_file, {"environment_kwargs.force": 3})
    assert model.environment_kwargs == {"gravity": 5, "force": 3}
    assert model.as_cfg(1)["environment_kwargs"] == {"gravity": 5, "force": 3}
    assert open_data(model) == CartPole(gravity=5.0, force=3.0)
    assert open_data(dataclasses.replace(model, environment_kwargs={})) == CartPole()


def test_mistakes_in_a_model_file_name_the_file(model_file):
    with pytest.raises(ConfigError) as caught:
        load_model_file(model_file, {"environment_kwargs": {"size": 1}})
    assert caught.value.problems == [f"{model_file}: {KEY}.size: unknown constant; known: {CARTPOLE}"]
    with pytest.raises(ConfigError) as caught:
        load_model_file(model_file, {"environment_kwargs": 3})
    assert caught.value.problems == [f"{model_file}: {KEY}: expected an object, found 3"]


def test_a_model_of_rows_has_no_constants(model_file):
    with pytest.raises(ConfigError) as caught:
        load_model_file(model_file, {"class": "CountModel", "environment": "tests/rows.jsonl", "hp_params": {}})
    (line,) = caught.value.problems
    assert line.startswith(f"{model_file}: {KEY}: is for environments that are made for the model, and ")


def test_without_the_key_nothing_is_changed():
    assert open_data(ModelConfig("DQN", "CartPole-v1", "", {})) == CartPole()
