"""One loader for everything that has a name: a class of the user's own may stand wherever a registered name may."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from rliable import registry
from rliable.schema import ConfigError

ROOT = Path(__file__).parents[1]
REGISTRIES = {
    "class": registry.MODELS,
    "environment": registry.ENVIRONMENTS,
    "sampler": registry.SAMPLERS,
    "executor": registry.EXECUTORS,
}
#: A file of the user's with something of each kind in it.
OWN = """
from optuna.samplers import RandomSampler
from own_helper import VALUE
from rliable.environments.base import Environment
from rliable.executors.base import Executor
from rliable.model import BaseModel

class Model:
    train = evaluate = predict = save = load_model = lambda self: VALUE

class Maze(Environment):
    initial_states = reset = observe = step = lambda self: VALUE

class Sampler(RandomSampler):
    pass

class Runner(Executor):
    execute = close = lambda self: VALUE
"""
KINDS = {"class": "Model", "environment": "Maze", "sampler": "Sampler", "executor": "Runner"}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A file of the user's, a helper beside it, and an empty working folder elsewhere."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home/own_things.py").write_text(OWN)
    (tmp_path / "home/own_helper.py").write_text("VALUE = 1")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = list(sys.path)
    yield tmp_path / "home"
    sys.path[:] = path
    for name in [name for name, module in sys.modules.items() if str(tmp_path) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]


def error_of(action, *arguments):
    with pytest.raises(ConfigError) as caught:
        action(*arguments)
    (line,) = caught.value.problems
    return line


@pytest.mark.parametrize("key", REGISTRIES)
def test_class_of_ones_own_is_loaded_by_its_file(own, key):
    assert REGISTRIES[key].load(f"{own}/own_things.py:{KINDS[key]}").__name__ == KINDS[key]


@pytest.mark.parametrize("key", REGISTRIES)
def test_class_of_ones_own_is_loaded_by_its_module(own, key, monkeypatch):
    monkeypatch.chdir(own)
    assert REGISTRIES[key].load(f"own_things:{KINDS[key]}").__name__ == KINDS[key]


@pytest.mark.parametrize("key", REGISTRIES)
def test_every_registered_name_is_loaded(key):
    names = [name for name in REGISTRIES[key].table if name != "gp"]
    assert all(callable(REGISTRIES[key].load(name)) for name in names)


@pytest.mark.parametrize("key", REGISTRIES)
def test_what_is_something_else_is_refused_in_one_line(own, key):
    line = error_of(REGISTRIES[key].load, f"{own}/own_things.py:{'VALUE' if key == 'class' else 'Model'}")
    assert line.startswith(f"{key}: {own}/own_things.py:")


@pytest.mark.parametrize("key", REGISTRIES)
def test_file_is_found_beside_the_one_that_names_it(own, key):
    found = REGISTRIES[key].find(f"own_things.py:{KINDS[key]}", str(own / "study.json"))
    assert found == f"{own}/own_things.py:{KINDS[key]}"
    assert REGISTRIES[key].load(found).__name__ == KINDS[key]


def test_file_in_the_working_folder_comes_first(own):
    Path("own_things.py").write_text(OWN)
    assert registry.MODELS.find("own_things.py:Model", str(own / "study.json")) == "own_things.py:Model"


def test_file_that_is_nowhere_is_one_line(own):
    assert error_of(registry.MODELS.find, "no_such.py:Model", "study.json") == "class: no such file 'no_such.py'"
    assert error_of(registry.MODELS.load, "no_such.py:Model") == "class: no such file 'no_such.py'"


def test_file_that_was_shipped_is_found_as_a_module_of_its_name(own, monkeypatch):
    monkeypatch.syspath_prepend(str(own))
    assert registry.MODELS.load("/on/the/driver/own_things.py:Model").__name__ == "Model"


@pytest.mark.parametrize("name", ["json", "numpy", "models", "two.dots"])
def test_file_whose_name_is_taken_is_refused_and_hides_nothing(own, name):
    (own / f"{name}.py").write_text("class Model: pass")
    before = sys.modules.get(name)
    assert "rename the file" in error_of(registry.MODELS.load, f"{own}/{name}.py:Model")
    assert sys.modules.get(name) is before


def test_file_of_the_same_name_in_another_folder_is_another_module(own):
    Path("own_things.py").write_text(OWN.replace("class Model", "class Other"))
    assert registry.MODELS.load(f"{own}/own_things.py:Model").__name__ == "Model"
    with pytest.raises(ConfigError, match="has no class 'Model'"):
        registry.MODELS.load("own_things.py:Model")


def test_package_called_like_ours_is_found_beside_the_study(own):
    (own / "models").mkdir()
    (own / "models/agent.py").write_text(OWN.replace("from own_helper import VALUE", "VALUE = 2"))
    found = registry.MODELS.find("models.agent:Model", str(own / "study.json"))
    assert found == f"{own}/models/agent.py:Model"
    assert registry.MODELS.load(found)().train() == 2


def test_package_called_like_ours_that_is_nowhere_names_the_cure(own):
    hint = "'models' is a package of rliable's: write 'models/agent.py:Model' for a file of yours"
    name = registry.MODELS.find("models.agent:Model", "study.json")
    where = "on the path or in the working folder"
    assert error_of(registry.MODELS.load, name) == f"class: no module named 'models.agent' {where}; {hint}"


def test_import_from_a_package_called_like_ours_names_the_cure(own):
    (own / "agent.py").write_text("from models.networks import Network")
    line = error_of(registry.MODELS.load, f"{own}/agent.py:Model")
    assert line.endswith("No module named 'models.networks'; 'models' is a package of rliable's, so rename yours")


def test_a_file_whose_sibling_has_the_name_of_anothers_is_refused_and_not_given_the_others(own):
    for folder, value in (("one", 1), ("two", 2)):
        (own / folder).mkdir()
        (own / folder / "sibling_of_both.py").write_text(f"VALUE = {value}")
        (own / folder / f"agent_{folder}.py").write_text(OWN.replace("own_helper", "sibling_of_both"))
    assert registry.MODELS.load(f"{own}/one/agent_one.py:Model")().train() == 1
    line = error_of(registry.MODELS.load, f"{own}/two/agent_two.py:Model")
    assert line.endswith(
        f"it imports 'sibling_of_both', and so does a file in another folder; rename {own}/two/sibling_of_both.py"
    )
    assert registry.MODELS.load(f"{own}/one/agent_one.py:Model")().train() == 1


def test_a_sibling_of_the_same_text_in_another_folder_is_no_other_file(own):
    for folder in ("three", "four"):
        (own / folder).mkdir()
        (own / folder / "sibling_alike.py").write_text("VALUE = 3\n")
        (own / folder / f"agent_{folder}.py").write_text("import random\n" + OWN.replace("own_helper", "sibling_alike"))
        (own / folder / "random.py").write_text("")
    agents = [registry.MODELS.load(f"{own}/{folder}/agent_{folder}.py:Model") for folder in ("three", "four")]
    assert [agent().train() for agent in agents] == [3, 3]


@pytest.mark.skipif(importlib.util.find_spec("sb3_contrib") is not None, reason="sb3_contrib is installed here")
def test_an_optional_package_that_is_missing_names_its_extra(own):
    (own / "agent.py").write_text("from sb3_contrib import TQC")
    line = error_of(registry.MODELS.load, f"{own}/agent.py:Model")
    assert line.endswith("failed: the package 'sb3_contrib' is missing; pip install 'rliable-spark[sb3]'")


def test_package_that_hides_ours_is_one_line(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models/__init__.py").write_text("")
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; from rliable.cli import main; main(['models'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.stderr == "error: class: another package named 'models' hides rliable's own; rename it\n"


def test_file_that_exits_while_it_is_imported_is_one_line(own):
    (own / "leaves.py").write_text("import sys\nsys.exit(3)")
    error = error_of(registry.MODELS.load, f"{own / 'leaves.py'}:Model")
    assert error == f"class: importing {own / 'leaves.py'} failed: SystemExit: 3"
