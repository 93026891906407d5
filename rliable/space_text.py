"""Reads the search space of a hyperparameter back from its text in the record.

int 1000..4000     float 0.001..0.1 (log)     choice 32, 64     fixed 200
"""

from __future__ import annotations

import dataclasses
import json
import re

from rliable.formats import format_value

_RANGE = re.compile(r"(int|float) (\S+?)\.\.(\S+)(.*)")


@dataclasses.dataclass(frozen=True)
class SpaceText:
    """What the text says.

    Attributes:
      kind: "int", "float", "choice" or "fixed"; empty when the text is unknown.
      low, high: the ends of a range.
      is_log: whether a range is searched on a logarithmic scale.
      choices: the choices as `format_value` writes them, in the study's order.
    """

    kind: str = ""
    low: float = 0.0
    high: float = 0.0
    is_log: bool = False
    choices: tuple[str, ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether there is nothing to choose."""
        if self.kind in ("int", "float"):
            return self.low == self.high
        return self.kind != "" and len(self.choices) < 2


def parse_space(text: str) -> SpaceText:
    """Reads one text; an unknown one gives an empty kind, so that the values speak for themselves."""
    if match := _RANGE.match(text):
        kind, low, high, rest = match.groups()
        return SpaceText(kind, float(low), float(high), "log" in rest)
    kind, _, rest = text.partition(" ")
    if kind in ("choice", "fixed"):
        return SpaceText(kind, choices=tuple(choice_text(choice) for choice in split_choices(rest)))
    return SpaceText()


def choice_text(text: str) -> str:
    """A choice as its values read elsewhere: from JSON if it is JSON."""
    try:
        return format_value(json.loads(text))
    except ValueError:
        return text


def split_choices(text: str) -> list[str]:
    """Splits at the commas between choices, not at those inside brackets."""
    depth, parts = 0, [""]
    for letter in text:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def varying(search_space: dict[str, str], params: list[str]) -> list[str]:
    """The hyperparameters that a study varies, in its order.

    Args:
      search_space: hyperparameter -> text.
      params: names to take when there are no texts.
    """
    names = list(search_space) or params
    return [name for name in names if not parse_space(search_space.get(name, "")).is_constant]
