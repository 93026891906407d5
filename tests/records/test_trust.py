"""Whose code a folder may have run: every file that must not be imported would leave a trace."""

import json
import sys
from pathlib import Path

import pytest

from rliable.records.folders import RunFolder, StudyFolder
from rliable.records.run_files import find_runs, write_run
from rliable.records.saved_study import load_saved_study
from rliable.records.trust import check_trust, is_trusted, names_to_trust
from rliable.schema import ConfigError
from rliable.unit import ModelConfig, UnitResult

#: A file that says that it was imported; it holds what the checks of a model or a sampler ask for.
TRACED = """
from pathlib import Path
Path(__file__).with_name("it_ran").touch()
from tests.study_models import Score as Class
from optuna.samplers import RandomSampler as Sampler
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder below which a study's folder lies."""
    folder = tmp_path / "here"
    (folder / "runs/study").mkdir(parents=True)
    monkeypatch.chdir(folder)
    path, modules = list(sys.path), set(sys.modules)
    yield folder
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def put(file):
    """Makes a file that must not be imported; gives the name of its class."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(TRACED)
    return f"{file}:Class"


def refusal(record, trusted=(), folder="runs/study"):
    """The line with which a record is refused; empty if it is not."""
    try:
        check_trust(record, Path(folder), trusted)
    except ConfigError as error:
        (line,) = error.problems
        return line
    return ""


def traces(folder):
    return list(folder.rglob("it_ran"))


#: Where a file lies, seen from the working folder -> whether it is loaded for a study in runs/study.
PLACES = {
    "own_a.py": True,
    "deep/below/own_b.py": True,
    "../outside.py": False,
    "runs/study/inside.py": False,
    "runs/study/trials/0000/inside.py": False,
    "runs/came_along.py": False,
}


@pytest.mark.parametrize(("place", "is_loaded"), PLACES.items(), ids=PLACES)
def test_a_file_is_loaded_from_the_working_folder_and_not_from_the_studys(here, place, is_loaded):
    name = put(here / place)
    line = refusal({"class": "DQN", "sampler": name})
    assert (line == "") == is_loaded
    assert is_loaded or line.endswith(f"; if you trust whoever made this folder, add --trust {name}")
    assert traces(here.parent) == []


@pytest.mark.parametrize("place", ["runs/own_c.py", "runs/study/own_c.py"])
def test_a_file_that_may_have_come_with_the_study_is_told_from_one_that_is_nowhere_near(here, place):
    assert "own_c.py:Class may have come along with the folder; " in refusal({"sampler": put(here / place)})
    assert "is not found from the working folder; " in refusal({"sampler": put(here.parent / "own_c.py")})


def test_a_link_in_the_working_folder_leads_nowhere_else(here):
    put(here.parent / "linked.py")
    (here / "linked.py").symlink_to(here.parent / "linked.py")
    assert refusal({"class": "linked.py:Class"})


@pytest.mark.parametrize(
    ("name", "is_loaded"),
    {
        "package.own_d:Class": True,
        "nowhere.at_all:Class": True,  # loading it says so
        "runs.study.evil:Class": False,
        "subprocess:Popen": False,
        "os:system": False,
        "antigravity:Class": False,
        "numpy.random:Generator": False,
    }.items(),
)
def test_a_module_is_loaded_from_the_working_folder_and_no_installed_one(here, name, is_loaded):
    put(here / "package/own_d.py")
    (here / "package/__init__.py").write_text("raise AssertionError")
    put(here / "runs/study/evil.py")
    line = refusal({"sampler": name})
    assert (line == "") == is_loaded
    why = "may have come along" if name.startswith("runs.study") else "is not found from the working folder"
    assert is_loaded or f"{name} {why}" in line
    assert traces(here) == []


@pytest.mark.parametrize(
    "record",
    [
        {"class": "subprocess.py:Popen"},
        {"class": "DQN", "environment": "subprocess.py:Popen"},
        {"class": "DQN", "environment": "gymnasium:antigravity:Maze-v0"},
        {"class": "DQN", "environment": "subprocess:Popen", "environment_kwargs": {"args": "ls"}},
        {"class": "DQN", "wrappers": [{"subprocess:Popen": {}}]},
        {"class": "DQN", "wrappers": ["subprocess:Popen(1)"]},
        {"class": "DQN", "sampler": "subprocess:Popen"},
        {"class": "DQN", "hp_params": {"network": "subprocess:Popen"}},
        {"class": "DQN", "grid": {"network": ["nature", "subprocess:Popen"]}},
        {"class": "models.evil:Class"},
        {"class": "evil.py:Class"},
    ],
    ids=str,
)
def test_wherever_a_name_stands_it_is_looked_at(here, record):
    put(here / "runs/study/evil.py")
    put(here / "runs/study/models/evil.py")
    assert refusal(record) != ""
    assert traces(here) == []


@pytest.mark.parametrize(
    "record",
    [
        {"class": "DQN", "environment": "CartPole-v1", "sampler": "tpe", "hp_params": {"network": "nature"}},
        {"class": "models.dqn:DQN", "environment": "gymnasium:CartPole-v1", "wrappers": ["time_limit(5)"]},
        {"class": "CountModel", "environment": "/data/counts.jsonl"},
    ],
    ids=str,
)
def test_what_is_ours_needs_no_trust(here, record):
    assert refusal(record) == ""


@pytest.mark.parametrize(("name", "words"), [("Command", "runs the command line"), ("SB3", "unpickles")])
def test_a_model_that_runs_what_it_is_given_needs_trust(here, name, words):
    line = refusal({"class": name})
    assert words in line and line.endswith(f"add --trust {name}")
    assert refusal({"class": name}, [name]) == ""
    assert names_to_trust({"class": name}, Path("runs/study")) == [name]


def test_trust_in_one_thing_is_no_trust_in_another(here):
    sampler = put(here.parent / "sampler_outside.py").replace("Class", "Sampler")
    assert refusal({"class": "Command", "sampler": sampler}, [sampler]).endswith("add --trust Command")
    assert refusal({"class": "Command", "sampler": sampler}, ["Command"]).endswith(f"add --trust {sampler}")
    assert refusal({"class": "Command", "sampler": sampler}, ["Command", sampler]) == ""


def test_a_name_is_trusted_with_its_file_or_its_module(here):
    (here / "a.py").touch()
    assert all(is_trusted("a.py:C", [given]) for given in ("a.py:C", "a.py", f"{here}/a.py", f"{here}/a.py:C"))
    assert not any(is_trusted("a.py:C", [given]) for given in ("a.py:D", "b.py", "C", "", "a"))
    assert is_trusted("p.m:C", ["p.m"]) and not is_trusted("p.m:C", ["p"])


def test_a_run_in_a_trusted_study_is_no_more_trusted_than_the_study(here):
    """A stranger may write into a run's model.json what does not stand in study.json."""
    name = put(here / "runs/study/evil.py")
    folder = RunFolder(here / "runs/study/trials/0000/run_0")
    write_run(folder, ModelConfig(name, "tests/rows.jsonl", "", {}), 1, UnitResult(trial=0, metrics={"score": 1.0}))
    with pytest.raises(ConfigError, match="--trust"):
        find_runs("runs/study/trials/0000", ["Command"])
    assert traces(here) == []


def test_a_study_that_is_continued_is_looked_at_before_anything_is_imported(here):
    put(here / "runs/study/evil.py")
    content = {"study": {"sampler": "random"}, "model": {"class": "evil.py:Class"}, "format": 2}
    (here / "runs/study/study.json").write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="--trust"):
        load_saved_study(StudyFolder(here / "runs/study"), {})
    assert traces(here) == []
