"""`models`: lists the models, or the hyperparameters of one."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rliable.cli.arguments import LineParser
from rliable.config.environment import kinds_for
from rliable.config.shipped import shipped_folder
from rliable.environments import short_name
from rliable.json_types import type_name
from rliable.records.encoding import to_json
from rliable.registry import MODELS
from rliable.schema import REQUIRED, Declaration, declarations


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = LineParser(prog="rliable models", description="List the models, or one model's hyperparameters.")
    parser.add_argument("name", nargs="?", help="a model's name, package.module:Class or file.py:Class")
    name = parser.parse_args(arguments).name
    Console().print(hyperparameter_table(name) if name else model_table())
    if name in MODELS:
        print_shipped(name)
    return 0


def print_shipped(name: str) -> None:
    """The files that come with a registered model: its search space, and tuned values for some environments."""
    space = shipped_folder("spaces") / f"{name}.json"
    if space.is_file():
        print(f'A search space to begin with, as the "grid" of a study file ({short_name(str(space))}):\n')
        print(space.read_text(encoding="utf-8"), end="")
    tuned = sorted(shipped_folder("zoo").glob(f"{name.lower()}_*.json"))
    if tuned:
        print("\nModel files with tuned values:\n\n" + "\n".join(f"  {short_name(str(path))}" for path in tuned))


def model_table() -> Table:
    """Every registered model with its first sentence, what it learns from and its metrics."""
    table = Table("model", "what it is", "learns from", "metrics", box=SIMPLE_HEAD, pad_edge=False)
    for name in sorted(MODELS.table):
        model_class = MODELS.load(name)
        table.add_row(name, first_line(model_class), ", ".join(kinds_for(model_class)), ", ".join(model_class.metrics))
    return table


def hyperparameter_table(name: str) -> Table:
    """Every hyperparameter of a model: default, meaning, type, range and unit."""
    model_class = MODELS.load(name)
    table = Table(title=f"{name}: {first_line(model_class)}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("hyperparameter", no_wrap=True)
    table.add_column("default", no_wrap=True)
    table.add_column("meaning")
    if model_class.hyperparameters is not None:
        for key, declared in declarations(model_class.hyperparameters).items():
            table.add_row(*hyperparameter_row(key, declared))
    return table


def hyperparameter_row(key: str, declared: Declaration) -> tuple[str, str, Text]:
    """One row of the table."""
    rule = declared.rule
    kind = ", ".join(part for part in (type_name(declared.hint), rule.allowed()) if part)
    facts = f"({kind}; {rule.unit})" if rule.unit else f"({kind})"
    shown = "required" if declared.default is REQUIRED else to_json(declared.default)
    return key, shown, Text.assemble(rule.doc, " ", (facts, "dim"))


def first_line(model_class: type) -> str:
    """The first sentence of a class's docstring."""
    return (inspect.getdoc(model_class) or "").partition("\n")[0]
