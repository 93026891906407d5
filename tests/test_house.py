"""The house: which room may import which, where the heavy libraries stay, and that tables of names import nothing."""

import ast
import graphlib
import importlib
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rliable import registry
from rliable.executors import make_executor
from rliable.executors.base import ExecutorOptions
from rliable.unit import Limits, ModelConfig, Unit

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("rliable/**/*.py"), *ROOT.glob("models/**/*.py")])

#: From the top to the bottom; a room imports those below it, never those above. The spine is what lies directly in
#: `rliable/`.
ROOMS = (
    "cli",
    "report",
    "contracts",
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
    "gymnasium": ("rliable/environments/",),
    "cv2": ("rliable/environments/",),
    "imageio_ffmpeg": ("rliable/report/",),
    "PIL": ("rliable/report/",),
    "pygame": ("rliable/environments/",),
    "torch": ("models/",),
    "stable_baselines3": ("models/",),
    "sb3_contrib": ("models/",),
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
    yield from imported_names(ast.walk(ast.parse(path.read_text(encoding="utf-8"))), path)


def imported_names(nodes, path):
    """What the import statements among the nodes of a file name: modules, or things in them."""
    for node in nodes:
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


def statements_run_by_an_import(body):
    """The statements of a module that importing it runs: none in a function, none for the type checker alone."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        yield node
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for part in ("orelse",) if is_for_types else ("body", "handlers", "orelse", "finalbody"):
            yield from statements_run_by_an_import(getattr(node, part, []))


def module_at(path):
    """The name under which a file of ours is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_modules_import_each_other():
    # Also not inside a room. A function may import what it needs when it is called, and annotations may name anything:
    # neither is run by an import, so neither makes it matter which module comes first.
    modules = {module_at(path): path for path in SOURCES}
    graph = {}
    for module, path in modules.items():
        body = ast.parse(path.read_text(encoding="utf-8")).body
        names = set(imported_names(statements_run_by_an_import(body), path))
        graph[module] = {name if name in modules else name.rpartition(".")[0] for name in names} & set(modules)
    graphlib.TopologicalSorter(graph).prepare()  # raises a CycleError that names them


def test_every_folder_is_a_room():
    folders = {path.name for path in (ROOT / "rliable").iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders | {"models", "spine"} == set(ROOMS)


def test_nothing_comes_in_by_a_door():
    # `rliable.search` is a function for users; inside, it would import the command line, which lies above all else.
    doors = {"rliable.__main__", "rliable.search"}
    users = []
    for path in SOURCES:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        attributes = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
        users += [name_of(path)] if doors & {*imported_names(nodes, path), *attributes} else []
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


@pytest.mark.parametrize(
    "arguments", [["--help"], ["optimize", "--help"], ["models", "DQN"], ["models"], ["environments"]]
)
def test_help_and_tables_load_no_heavy_library(arguments):
    code = (
        "import sys; from rliable.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        "print([name for name in ('tensorflow', 'pyspark', 'matplotlib', 'plotly') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


#: A model that saves the names of all modules of its process beside itself.
TELLING_MODEL = """
import sys
from pathlib import Path
from models.{module} import {name}

class Telling({name}):
    def save(self):
        super().save()
        Path(self.cfg["mdl_file"], "modules.txt").write_text(" ".join(sys.modules))
"""
BRIEF = {"train_iterations": 20, "initial_collect_steps": 10, "num_eval_episodes": 2, "batch_size": 4}


@pytest.mark.parametrize(
    ("module", "name", "data", "params"),
    [
        ("count_model", "CountModel", str(ROOT / "config/data/counts.jsonl"), {}),
        pytest.param("dqn", "DQN", "CartPole-v0", BRIEF, marks=[pytest.mark.slow, pytest.mark.agents]),
    ],
)
def test_a_computing_process_loads_nothing_of_the_drivers(tmp_path, module, name, data, params):
    (tmp_path / "telling_model.py").write_text(TELLING_MODEL.format(module=module, name=name))
    model = ModelConfig(f"{tmp_path / 'telling_model.py'}:Telling", data, "", params)
    executor = make_executor("serial", ExecutorOptions())
    try:
        (result,) = executor.execute(iter([Unit(0, 0, model, 1, Limits())]))
    finally:
        executor.close()
    assert result.error is None
    loaded = bytes(result.files["modules.txt"]).decode().split()
    assert result.pid != os.getpid() and "rliable.executors.worker" in loaded
    drivers = ("optuna", "pyspark", "rich", "plotly", "rliable.tuning", "rliable.report", "rliable.cli")
    assert [name for name in drivers if name in loaded] == []


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
