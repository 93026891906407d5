"""What the `environment` of a model file stands for, which depends on what the model learns from."""

import pytest

from rliable.config.environment import kind_of_environment, resolve_environment
from rliable.environments import ENVIRONMENTS
from rliable.schema import ConfigError

KNOWN = ", ".join(sorted(ENVIRONMENTS))
OURS, ROWS, DEFAULT = ("environment",), ("rows",), ("rows", "name")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with some files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/rows.csv").write_text("value\n1\n")
    (tmp_path / "data/level.map").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "learns_from", "kind"),
    [
        ("CartPole-v1", OURS, "environment"),
        ("CartPole-v1", DEFAULT, "name"),
        ("cartpole-v1", ("environment", "name"), "environment"),
        ("Pong", ("environment", "name"), "name"),
        ("maze:Maze", ("environment", "name"), "environment"),
        ("maze:Maze", DEFAULT, "name"),
        ("rows.CSV", DEFAULT, "rows"),
        ("rows.jsonl", OURS, "rows"),
    ],
)
def test_kind_follows_from_the_name_and_the_model(name, learns_from, kind):
    assert kind_of_environment(name, learns_from) == kind


@pytest.mark.parametrize("name", ["CartPole-v1", "cartpole-V1", "Moon-v7", "ALE/Pong-v5", "envs:Moon-v0"])
def test_name_is_left_as_it_is_for_a_model_that_makes_its_environment_itself(name):
    assert resolve_environment(name, DEFAULT) == name


def test_file_becomes_an_absolute_path(folder):
    assert resolve_environment("data/rows.csv", ROWS) == str(folder / "data/rows.csv")
    assert resolve_environment("data/level.map", DEFAULT) == str(folder / "data/level.map")
    assert resolve_environment("../data/rows.csv", ROWS, "data/model.json") == str(folder / "data/rows.csv")


@pytest.mark.parametrize(
    ("name", "learns_from", "words"),
    [
        ("none.csv", DEFAULT, "no such file 'none.csv'"),
        ("data/none.map", DEFAULT, "no such file 'data/none.map'"),
        ("maze.py:Maze", OURS, "no such file 'maze.py'"),
        (
            "data/rows.csv",
            OURS,
            "'data/rows.csv' is a file of rows; this model learns from an environment "
            f"({KNOWN}, 'gymnasium:NAME', 'gym:NAME', 'package.module:Class' or 'file.py:Class')",
        ),
        (
            "CartPole-v1",
            ROWS,
            "'CartPole-v1' is no file of rows; this model learns from rows (a file ending in .jsonl, .json, .csv)",
        ),
        (
            "data/rows.csv",
            ("name",),
            "'data/rows.csv' is a file of rows; this model learns from the name of an environment that it makes itself",
        ),
        pytest.param(
            "CartPole-v2",
            OURS,
            "unknown environment 'CartPole-v2'; did you mean 'CartPole-v1'? "
            f"known: {KNOWN}; `rliable environments --all` lists those of Gymnasium and Gym; "
            "or 'package.module:Class' or 'file.py:Class'",
            marks=pytest.mark.agents,
        ),
        (
            "json:dumps",
            OURS,
            "json:dumps needs a default for obj",
        ),
        (
            "json:JSONDecoder",
            OURS,
            "json:JSONDecoder is neither an environment (a subclass of rliable's Environment, "
            "or a class with reset and step) nor a function",
        ),
    ],
)
def test_what_the_model_cannot_learn_from_is_one_line_with_the_cure(name, learns_from, words):
    with pytest.raises(ConfigError) as caught:
        resolve_environment(name, learns_from)
    (line,) = caught.value.problems
    assert line.startswith(f"environment: {words}")
