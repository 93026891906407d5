"""`environments`: lists the environments, or the constants and spaces of one."""

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
from rliable.config.environment import LIBRARIES, resolve_environment
from rliable.environments import load_data
from rliable.environments.catalogue import absent_groups, groups_of, lack_of, shortened
from rliable.extras import cure
from rliable.registry import ENVIRONMENTS, FORMS, WRAPPERS
from rliable.schema import declarations


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    description = "List the environments, or what an agent sees and does in one and what environment_kwargs may change."
    parser = LineParser(prog="rliable environments", description=description)
    parser.add_argument("name", nargs="?", help="an environment's name, package.module:Class or file.py:Class")
    parser.add_argument("--all", action="store_true", help="also those of Gymnasium and Gym that are installed")
    parser.add_argument("--wrappers", action="store_true", help="what can lie around those that step on the host")
    args = parser.parse_args(arguments)
    if args.wrappers:
        Console(highlight=False).print(wrapper_table())
        return 0
    if args.name:
        show_one(resolve_environment(args.name, ("environment",)))
        return 0
    Console().print(environment_table())
    for library in LIBRARIES if args.all else ():
        Console(highlight=False).print(library_text(library))
    return 0


def show_one(name: str) -> None:
    """Prints the constants of an environment, then what an agent sees and does there.

    Raises:
      ConfigError: no agent can learn in it.
    """
    console = Console(highlight=False)
    console.print(constant_table(name))
    environment = load_data(name)
    limit, threshold = environment.max_episode_steps, environment.threshold
    facts = [space_words(environment), f"time limit: {'none' if limit is None else f'{limit} steps'}"]
    facts += [] if threshold is None else [f"solved at a mean return of {threshold:g}"]
    console.print("\n".join([*facts, *getattr(environment, "notes", ())]))


def library_text(library: str) -> Text:
    """The names of a library's environments, by group."""
    groups = groups_of(library)
    if not groups:
        return Text(f"\n{library}: {cure(library)}")
    text = Text.assemble((f"\n{library}", "bold"), f": as {library}:NAME, or NAME where nothing above has it\n")
    for group, names in groups.items():
        lack = lack_of(library, group)
        text.append(Text.assemble((f"  {group}: ", "bold"), lack or ", ".join(shortened(names)), "\n"))
    for group, lack in absent_groups(library).items():
        text.append(Text.assemble((f"  {group}: ", "bold"), lack, "\n"))
    return text


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
        space_words(environment),
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


def space_words(environment: Any) -> str:
    """What an agent sees and does: "observation: 4 numbers; action: one of 2"."""
    shape = environment.image_shape
    seen = f"an image of {' x '.join(map(str, shape))} bytes" if shape else numbers(environment.observation_size)
    return f"observation: {seen}; action: {action_words(environment)}"


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


def wrapper_table() -> Table:
    """Every wrapper: what it does, and its parameters in their order."""
    caption = f'In a model file: "wrappers": ["time_limit(500)", {{"frame_stack": 4}}], or {FORMS} of your own.'
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=caption, caption_justify="left")
    table.add_column("wrapper", no_wrap=True)
    table.add_column("what it does")
    for name in sorted(WRAPPERS.table):
        table.add_row(name, Text("\n").join([Text(first_line(WRAPPERS.load(name))), *parameter_lines(name)]))
    return table


def parameter_lines(name: str) -> list[Text]:
    """A line for each parameter of a wrapper."""
    rows = [hyperparameter_row(key, declared) for key, declared in declarations(WRAPPERS.load(name)).items()]
    return [Text.assemble((f"{key} ({default}): ", "dim"), meaning) for key, default, meaning in rows]
