"""The house: which room may import which, where the heavy libraries stay, and that tables of names import nothing."""

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rliable import registry

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("rliable/**/*.py"), *ROOT.glob("models/**/*.py")])

#: From the top to the bottom; a room imports those below it, never those above. The spine is what lies directly in
#: `rliable/`.
ROOMS = (
    "cli",
    "report",
    "tuning",
    "executors",
    "records",
    "models",
    "training",
    "environments",
    "config",
    "spine",
)
#: The doors of the house: they hand on to whatever is asked for, and nothing imports them.
DOORS = ("rliable/__init__.py", "rliable/__main__.py")

#: Library -> the beginnings of the files that may import it.
ALLOWED = {
    "pyspark": ("rliable/executors/spark/",),
    "py4j": ("rliable/executors/spark/",),
    "optuna": (
        "rliable/tuning/",
        "rliable/report/plots/",
        "rliable/config/parameters.py",
        "rliable/config/search_space.py",
    ),
    "tensorflow": ("models/", "rliable/training/", "rliable/environments/"),
    "tf_agents": ("models/", "rliable/training/", "rliable/environments/"),
    "gym": ("rliable/environments/",),
    "matplotlib": ("rliable/report/plots/",),
    "plotly": ("rliable/report/plots/",),
    "rich": ("rliable/report/", "rliable/cli/"),
}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def room_of(module):
    """The room of one of our modules, None for others."""
    top, _, rest = module.partition(".")
    if top == "models":
        return "models"
    if top != "rliable":
        return None
    room = rest.partition(".")[0]
    return room if room in ROOMS else "spine"


def imports_of(path):
    """The modules that a file names in its import statements, wherever they stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", [path for path in SOURCES if name_of(path) not in DOORS], ids=name_of)
def test_no_import_runs_back_up(path):
    here = ROOMS.index(room_of(".".join(path.relative_to(ROOT).with_suffix("").parts)))
    above = {module for module in imports_of(path) if room_of(module) and ROOMS.index(room_of(module)) < here}
    assert above == set()


def test_what_a_file_defines_has_a_user_in_the_product():
    """Of methods it says nothing, for they may override those of a library."""
    texts = [path.read_text(encoding="utf-8") for path in (*SOURCES, *ROOT.glob("*.py"))]
    words = Counter(word for text in texts for word in re.findall(r"\w+", text))
    defined = {node.name for text in texts for node in ast.parse(text).body if hasattr(node, "name")}
    assert {name for name in defined if words[name] == 1 and not name.startswith("__")} == set()


def test_every_folder_is_a_room():
    folders = {path.name for path in (ROOT / "rliable").iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders | {"models", "spine"} == set(ROOMS)


def test_nothing_imports_a_door():
    users = [name_of(path) for path in SOURCES for module in imports_of(path) if module == "rliable.__main__"]
    assert users == []


@pytest.mark.parametrize("library", ALLOWED)
def test_library_is_imported_only_where_it_belongs(library):
    users = {name_of(path) for path in SOURCES for module in imports_of(path) if module.split(".")[0] == library}
    assert {name for name in users if not name.startswith(ALLOWED[library])} == set()


def test_the_book_of_leases_loads_nothing_that_trains():
    code = "import sys, rliable.executors.slots.leases; print([name for name in sys.modules if 'rliable' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    loaded = ast.literal_eval(done.stdout)
    assert "rliable.executors.worker" not in loaded
    assert [name for name in loaded if room_of(name) in ("models", "training", "environments")] == []


@pytest.mark.parametrize("arguments", [["--help"], ["optimize", "--help"], ["models", "DQN"], ["models"]])
def test_help_and_tables_load_no_heavy_library(arguments):
    code = (
        "import sys; from rliable.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        "print([name for name in ('tensorflow', 'pyspark', 'matplotlib', 'plotly') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


REGISTRIES = [value for value in vars(registry).values() if isinstance(value, registry.Registry)]


@pytest.mark.parametrize("names", REGISTRIES, ids=lambda names: names.key)
def test_a_table_of_names_is_text_and_importing_it_imports_none_of_them(names):
    module, _, table = names.place.partition(":")
    entries = getattr(importlib.import_module(module), table)
    assert all(isinstance(entry, str) and entry.count(":") == 1 for entry in entries.values())
    homes = sorted({entry.partition(":")[0] for entry in entries.values()})
    code = f"import sys, {module}; print([name for name in {homes!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
