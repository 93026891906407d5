"""`environments`: lists the environments, or the constants of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rliable.cli.arguments import LineParser
from rliable.cli.models import first_line, hyperparameter_row
from rliable.config.constants import constants_of
from rliable.config.environment import registered
from rliable.registry import ENVIRONMENTS


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    description = "List the environments, or the constants of one that environment_kwargs may change."
    parser = LineParser(prog="rliable environments", description=description)
    parser.add_argument("name", nargs="?", help="an environment's name, package.module:Class or file.py:Class")
    name = parser.parse_args(arguments).name
    Console().print(constant_table(registered(name) or name) if name else environment_table())
    return 0


def environment_table() -> Table:
    """Every registered environment: what it is, what an agent sees and does there, and what may be changed."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("environment", no_wrap=True)
    table.add_column("what it is")
    table.add_column("time limit", justify="right")
    table.add_column("threshold", justify="right")
    for name in sorted(ENVIRONMENTS.table):
        factory = ENVIRONMENTS.load(name)
        environment = factory()
        threshold = "" if environment.threshold is None else f"{environment.threshold:g}"
        table.add_row(name, description(factory, environment), str(environment.max_episode_steps), threshold)
    return table


def description(factory: Any, environment: Any) -> Text:
    """The first sentence of an environment, its spaces, and the names of its constants."""
    constants = ", ".join(constants_of(factory))
    lines = [
        f"observation: {numbers(environment.observation_size)}; action: {action_words(environment)}",
        *([f"constants: {constants}"] if constants else []),
    ]
    return Text.assemble(first_line(factory), ("\n" + "\n".join(lines), "dim"))


def constant_table(name: str) -> Table:
    """Every constant of an environment: default, meaning, type, range and unit."""
    factory = ENVIRONMENTS.load(name)
    table = Table(title=f"{name}: {first_line(factory)}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("constant", no_wrap=True)
    table.add_column("default", no_wrap=True)
    table.add_column("meaning")
    for key, declared in constants_of(factory).items():
        table.add_row(*hyperparameter_row(key, declared))
    return table


def numbers(count: int) -> str:
    """How many numbers: "1 number", "4 numbers"."""
    return f"{count} number{'' if count == 1 else 's'}"


def action_words(environment: Any) -> str:
    """The actions there are: "one of 3", or "1 in [-2, 2]"."""
    if environment.num_actions:
        return f"one of {environment.num_actions}"
    bounds = sorted(set(zip(environment.action_low, environment.action_high, strict=True)))
    ranges = ", ".join(f"[{low:g}, {high:g}]" for low, high in bounds)
    return f"{len(environment.action_low)} in {ranges}"
