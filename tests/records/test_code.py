import subprocess
import sys
import zipfile

import pytest

from rliable.records.code import data_files, pack_code

MODEL = "class Agent:\n    train = evaluate = predict = save = load_model = lambda self: None\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folder on Python's path, with a model in it among other things."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name, module in sys.modules.items() if str(folder) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def shipped(path):
    """The files in a zip file that are not ours."""
    names = zipfile.ZipFile(path).namelist()
    return sorted(name for name in names if not name.startswith(("rliable/", "models/")) and not name.endswith("/"))


def test_a_single_file_does_not_take_its_folder_along(home, target):
    (home / "lone_agent.py").write_text("import lone_helper\n" + MODEL)
    (home / "lone_helper.py").write_text("")
    (home / "private_letters.py").write_text("")
    (home / "thesis.txt").write_text("secret")

    assert shipped(pack_code(["lone_agent:Agent"], target)) == ["lone_agent.py", "lone_helper.py"]


def test_a_package_is_taken_whole_with_its_data(home, target):
    package = home / "lab_agents" / "deep"
    package.mkdir(parents=True)
    (home / "lab_agents" / "__init__.py").write_text("")
    (home / "lab_agents" / "table.json").write_text("{}")
    (package / "__init__.py").write_text("")
    (package / "agent.py").write_text(MODEL)
    (home / "other.txt").write_text("")

    assert shipped(pack_code(["lab_agents.deep.agent:Agent"], target)) == [
        "lab_agents/__init__.py",
        "lab_agents/deep/__init__.py",
        "lab_agents/deep/agent.py",
        "lab_agents/table.json",
    ]


def test_a_folder_without_init_gives_only_the_model(home, target):
    (home / "loose_agents").mkdir()
    (home / "loose_agents" / "agent.py").write_text(MODEL)
    (home / "loose_agents" / "other.py").write_text("")

    assert shipped(pack_code(["loose_agents.agent:Agent"], target)) == ["loose_agents/agent.py"]


def run_with(path, code, folder):
    """What code prints in a new process that has the zip file, and nothing else of the user's, on its path."""
    command = [sys.executable, "-c", f"import sys; sys.path[0] = {str(path)!r}; {code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout.strip()


def test_what_was_shipped_can_be_imported_elsewhere(home, target, tmp_path):
    (home / "nested_agents").mkdir()
    (home / "nested_agents" / "agent.py").write_text(MODEL)
    path = pack_code(["nested_agents.agent:Agent"], target)
    code = (
        "import nested_agents.agent, rliable.executors.worker, models, rliable.executors.slots.supervisor; "
        "print(rliable.executors.worker.__file__)"
    )

    assert run_with(path, code, tmp_path).startswith(str(path))


HELPERS = """
import json, shared_tools
from namespace_agents.helper import ONE
from namespace_agents.deep import two
from . import third

class Agent:
    def train(self):
        import lazy_tools
        return [shared_tools.ZERO, ONE, two.TWO, third.THREE, lazy_tools.four()]
"""


def test_helpers_of_a_model_in_a_folder_without_init_are_shipped(home, target, tmp_path):
    (home / "namespace_agents/deep").mkdir(parents=True)
    (home / "packed_tools").mkdir()
    (home / "namespace_agents/agent.py").write_text(HELPERS)
    (home / "namespace_agents/helper.py").write_text("ONE = 1")
    (home / "namespace_agents/deep/two.py").write_text("TWO = 2")
    (home / "namespace_agents/third.py").write_text("THREE = 3")
    (home / "namespace_agents/unused.py").write_text("")
    (home / "shared_tools.py").write_text("ZERO = 0")
    (home / "lazy_tools.py").write_text("def four():\n    from packed_tools.inside import FOUR\n    return FOUR")
    (home / "packed_tools/__init__.py").write_text("")
    (home / "packed_tools/inside.py").write_text("FOUR = 4")
    (home / "json.py").write_text("hides = 'the real one'")
    path = pack_code(["namespace_agents.agent:Agent"], target)

    assert "json.py" not in shipped(path)
    assert "namespace_agents/unused.py" not in shipped(path)
    code = "from namespace_agents.agent import Agent; print(Agent().train())"
    assert run_with(path, code, tmp_path) == "[0, 1, 2, 3, 4]"


def test_package_takes_along_what_it_imports_from_beside_it(home, target):
    (home / "lone_package").mkdir()
    (home / "lone_package/__init__.py").write_text("")
    (home / "lone_package/agent.py").write_text("import beside_package\n" + MODEL)
    (home / "beside_package.py").write_text("")

    assert "beside_package.py" in shipped(pack_code(["lone_package.agent:Agent"], target))


def test_class_named_by_its_file_is_shipped_by_its_module(home, target, tmp_path, monkeypatch):
    monkeypatch.chdir(home)
    (home / "study").mkdir()
    (home / "study/filed_agent.py").write_text("import filed_helper\n" + MODEL)
    (home / "study/filed_helper.py").write_text("")
    path = pack_code(["study/filed_agent.py:Agent"], target)

    assert shipped(path) == ["filed_agent.py", "filed_helper.py"]
    code = "from rliable.registry import MODELS; print(MODELS.load('study/filed_agent.py:Agent').__module__)"
    assert run_with(path, code, tmp_path) == "filed_agent"


def test_the_name_follows_from_the_content(home, target):
    (home / "hashed_agent.py").write_text(MODEL)

    first = pack_code(["hashed_agent:Agent"], target)
    again = pack_code(["hashed_agent:Agent", "DQN"], target)

    assert first == again
    assert first != pack_code([], target)


def test_data_files_of_the_same_name_get_places_of_their_own(tmp_path):
    names = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rows.csv").write_text(folder)
        names.append(str(tmp_path / folder / "rows.csv"))

    places = data_files([*names, "CartPole-v1"])

    assert list(places) == names
    assert len(set(places.values())) == 2
    assert all(place.endswith(".csv") for place in places.values())
