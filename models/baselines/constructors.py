"""What the algorithms of Stable-Baselines3 and sb3-contrib take, read from their source: importing takes seconds."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.util
from collections.abc import Iterator
from pathlib import Path

LIBRARIES_OF_ALGORITHMS = ("stable_baselines3", "sb3_contrib")
#: By this argument the constructor of an algorithm is known.
CONSTRUCTOR_MARK = "_init_setup_model"
#: With this keyword it says in which spaces the algorithm acts.
SPACES = "supported_action_spaces"
POLICY_TABLE = "policy_aliases"


@dataclasses.dataclass(frozen=True)
class Constructor:
    """The constructor of an algorithm.

    Attributes:
      package: where the algorithm is.
      arguments: the options of each argument's type, as text: {"learning_rate": ("float", "Schedule")}.
      policies: the names of policies that it knows.
      action_spaces: the names of the classes of the spaces in which it acts; empty where it does not say.
    """

    package: str
    arguments: dict[str, tuple[str, ...]]
    policies: tuple[str, ...]
    action_spaces: tuple[str, ...] = ()


@functools.cache
def constructors() -> dict[str, Constructor]:
    """The constructors by the names of the algorithms; empty where the libraries are not installed."""
    found: dict[str, Constructor] = {}
    later: list[tuple[str, ast.ClassDef]] = []
    for package, node in algorithm_classes():
        if policies_of(node):
            found[node.name] = Constructor(package, arguments_of(node), policies_of(node), action_spaces_of(node))
        else:
            later.append((package, node))
    for package, node in later:  # its policies are those of the class that it inherits
        base = found[ast.unparse(node.bases[0])]
        spaces = action_spaces_of(node) or base.action_spaces
        found[node.name] = Constructor(package, arguments_of(node), base.policies, spaces)
    return dict(sorted(found.items()))


def algorithm_classes() -> Iterator[tuple[str, ast.ClassDef]]:
    """The package and the class of each algorithm: that of "ppo" is in the file ppo/ppo.py."""
    for package in LIBRARIES_OF_ALGORITHMS:
        spec = importlib.util.find_spec(package)
        files = Path(spec.origin).parent.glob("*/*.py") if spec is not None and spec.origin else ()
        for file in sorted(file for file in files if file.stem == file.parent.name):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and CONSTRUCTOR_MARK in arguments_of(node):
                    yield package, node


def arguments_of(node: ast.ClassDef) -> dict[str, tuple[str, ...]]:
    """The arguments of a class's constructor; empty where it has none of its own."""
    found = next((part for part in node.body if getattr(part, "name", "") == "__init__"), None)
    arguments = found.args.args[1:] if isinstance(found, ast.FunctionDef) else []
    return {one.arg: tuple(ast.unparse(one.annotation).split(" | ")) if one.annotation else () for one in arguments}


def policies_of(node: ast.ClassDef) -> tuple[str, ...]:
    """The names of policies that a class knows by itself."""
    tables = [
        part.value for part in node.body if isinstance(part, ast.AnnAssign) and ast.unparse(part.target) == POLICY_TABLE
    ]
    keys = [key for table in tables if isinstance(table, ast.Dict) for key in table.keys]
    return tuple(key.value for key in keys if isinstance(key, ast.Constant))


def action_spaces_of(node: ast.ClassDef) -> tuple[str, ...]:
    """The names of the classes of the spaces in which an algorithm acts, as far as its constructor says so itself."""
    keywords = [word for part in ast.walk(node) if isinstance(part, ast.Call) for word in part.keywords]
    named = [word.value for word in keywords if word.arg == SPACES]
    return tuple(space.attr for part in named for space in ast.walk(part) if isinstance(space, ast.Attribute))
