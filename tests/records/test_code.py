import subprocess
import sys
import zipfile

import pytest

from rliable.records.code import data_files, pack_code

MODEL = "class Agent:\n    pass\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folder on Python's path, with a model in it among other things."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
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


def test_what_was_shipped_can_be_imported_elsewhere(home, target, tmp_path):
    (home / "nested_agents").mkdir()
    (home / "nested_agents" / "agent.py").write_text(MODEL)
    path = pack_code(["nested_agents.agent:Agent"], target)
    code = (
        f"import sys; sys.path.insert(0, {str(path)!r}); import nested_agents.agent, rliable.executors.worker, models, "
        "rliable.executors.slots.supervisor; print(rliable.executors.worker.__file__)"
    )

    answer = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert answer.stdout.strip().startswith(str(path))


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
