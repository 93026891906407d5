"""What the commands' argument parsers have in common."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from rliable.config.json_file import parse_override
from rliable.config.study_file import MAX_SEED
from rliable.schema import ConfigError, Problem, Rule, is_in_range

SEED = Rule("A run's seed.", low=0, high=MAX_SEED)
AT_LEAST_1 = Rule("A count.", low=1)


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


def add_trust(parser: argparse._ActionsContainer, before: str = "") -> None:
    """Adds `--trust NAME`, which may be given several times."""
    text = (
        f"{before}run this code though it is not found from the working folder: a class, or its file; may be repeated"
    )
    parser.add_argument("--trust", action="append", default=[], metavar="NAME", help=text)


def number_problems(args: argparse.Namespace, **rules: Rule) -> list[Problem]:
    """The numbers that are out of range; `rules` says by the argument's name what is allowed."""
    given = {name: getattr(args, name) for name in rules}
    return [
        Problem(f"--{name.replace('_', '-')}", f"{value} is out of range, must be {rules[name].allowed()}")
        for name, value in given.items()
        if value is not None and not is_in_range(value, rules[name])
    ]


def whole_number_or_text(text: str) -> int | str:
    """The value of a flag that takes either; what the text may be, the file's check says."""
    try:
        return int(text)
    except ValueError:
        return text


def overrides_of(assignments: list[str], **flags: Any) -> dict[str, Any]:
    """The values that replace those of the file: from `--set`, then from flags that were given.

    Raises:
      ConfigError: with every assignment that is not key=value.
    """
    overrides: dict[str, Any] = {}
    problems: list[Problem] = []
    for text in assignments:
        try:
            key, value = parse_override(text)
            overrides[key] = value
        except ConfigError as error:
            problems += error.found
    if problems:
        raise ConfigError(problems)
    return overrides | {key: value for key, value in flags.items() if value is not None}
