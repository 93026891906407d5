"""No two names that a newcomer would confuse."""

import ast
import collections
from pathlib import Path

from rliable import registry

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("rliable/**/*.py"), *ROOT.glob("models/**/*.py")])

#: What every command has, what every program has, a registry beside the table that it reads, and the two drawings of
#: the same pictures. The constants of an environment are its own.
SHARED = {"run", "make_parser", "main", "logger", "__all__", "BOTTOM", "MANY_POINTS"}
TABLES = {value.place.partition(":")[2] for value in vars(registry).values() if isinstance(value, registry.Registry)}


def names_in(path):
    """The classes, functions and constants that a file defines at its top."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_no_two_files_define_things_of_the_same_name():
    places = collections.defaultdict(list)
    for path in SOURCES:
        for name in set(names_in(path)):
            if not (name.isupper() and path.parent.name == "environments"):
                places[name].append(path.relative_to(ROOT).as_posix())
    twins = {name: files for name, files in places.items() if len(files) > 1}
    assert {name: files for name, files in twins.items() if name not in SHARED | TABLES} == {}
