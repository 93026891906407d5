"""Which part may import which: dependencies point one way, and heavy libraries stay where they belong."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("*.py"), *ROOT.glob("rliable/**/*.py"), *ROOT.glob("models/**/*.py")])

#: Library -> the beginnings of the files that may import it.
ALLOWED = {
    "pyspark": ("rliable/executors/spark",),
    "optuna": ("rliable/journal.py", "rliable/samplers.py", "rliable/search_space.py", "rliable/plots/"),
    "tensorflow": ("models/", "rliable/training/", "rliable/environments/"),
    "tf_agents": ("models/", "rliable/training/", "rliable/environments/"),
    "gym": ("rliable/environments/",),
    "matplotlib": ("rliable/plots/",),
    "plotly": ("rliable/plots/",),
    "rich": ("rliable/terminal/", "rliable/cli/"),
}

#: What runs on workers, and must not reach for the driver's parts.
WORKER_SIDE = ("models/", "rliable/training/", "rliable/environments/", "rliable/worker.py", "rliable/trial.py")
DRIVER_ONLY = (
    "rliable.tuner",
    "rliable.journal",
    "rliable.samplers",
    "rliable.cli",
    "rliable.terminal",
    "rliable.plots",
)


def imports_of(path):
    """The modules that a file names in its import statements, wherever they stand."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("library", ALLOWED)
def test_library_is_imported_only_where_it_belongs(library):
    users = {name_of(path) for path in SOURCES for module in imports_of(path) if module.split(".")[0] == library}
    assert {name for name in users if not name.startswith(ALLOWED[library])} == set()


def test_worker_side_does_not_import_the_driver():
    found = {
        (name_of(path), module)
        for path in SOURCES
        if name_of(path).startswith(WORKER_SIDE)
        for module in imports_of(path)
        if module.startswith(DRIVER_ONLY)
    }
    assert found == set()


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
