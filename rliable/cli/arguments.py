"""What the commands' argument parsers have in common."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from rliable.config.json_file import parse_override
from rliable.schema import ConfigError


class LineParser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, without the usage text, and ends with exit code 2."""

    def __init__(self, *, formatter: str = "defaults", **options: Any) -> None:
        formatters = {"defaults": argparse.HelpFormatter, "raw": argparse.RawDescriptionHelpFormatter}
        super().__init__(**options, formatter_class=formatters[formatter], allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"error: {message} (see {self.prog} --help)\n")
        sys.exit(2)


def add_set(parser: argparse._ActionsContainer, example: str) -> None:
    """Adds `--set KEY=VALUE`, which may be given several times."""
    text = f"set a key of the file, such as {example}; the value is JSON, or else text; may be repeated"
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=text)


def number_problems(args: argparse.Namespace, **lowest: int) -> list[str]:
    """One line per number below what is allowed; `lowest` gives that by the argument's name."""
    given = {name: getattr(args, name) for name in lowest}
    return [
        f"--{name}: {value} is out of range, must be at least {lowest[name]}"
        for name, value in given.items()
        if value is not None and value < lowest[name]
    ]


def overrides_of(assignments: list[str], **flags: Any) -> dict[str, Any]:
    """The values that replace those of the file: from `--set`, then from flags that were given.

    Raises:
      ConfigError: with every assignment that is not key=value.
    """
    overrides: dict[str, Any] = {}
    problems: list[str] = []
    for text in assignments:
        try:
            key, value = parse_override(text)
            overrides[key] = value
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return overrides | {key: value for key, value in flags.items() if value is not None}
