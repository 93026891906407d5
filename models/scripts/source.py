"""Says where the figures of a script are to be found."""

from __future__ import annotations

import dataclasses
import re

from rliable.schema import Problem, setting

STEP_NAME = "step"


@dataclasses.dataclass(frozen=True)
class FigureSource:
    """Where a script's figures are to be found; one of the first four keys says how."""

    json_lines: str | bool | None = setting(
        None, "Lines of its output that are JSON objects: the key of the figure, or true for every number in them."
    )
    csv: str | None = setting(None, "A CSV file that it writes, with a header.")
    tensorboard: str | None = setting(None, "A folder in which it writes TensorBoard's event files, at any depth.")
    pattern: str | None = setting(
        None, "A regular expression searched for in each line of its output; named groups are figures, `step` the step."
    )
    column: str | None = setting(None, "With `csv`, the column of the figure.")
    tag: str | None = setting(None, "With `tensorboard`, the tag of the figure.")
    step: str = setting(STEP_NAME, "The key or the column of the step; where there is none, figures are counted.")

    def problems(self) -> list[Problem]:
        """What does not go together."""
        kinds = ("json_lines", "csv", "tensorboard", "pattern")
        given = [kind for kind in kinds if getattr(self, kind) not in (None, False)]
        if len(given) != 1:
            return [Problem("", f"expected one of {', '.join(kinds)}, found {' and '.join(given) or 'none'}")]
        needed = {"csv": "column", "tensorboard": "tag"}
        lacking = [needed[kind] for kind in given if kind in needed and getattr(self, needed[kind]) is None]
        extra = [key for kind, key in needed.items() if kind not in given and getattr(self, key) is not None]
        problems = [Problem(key, f"missing; it goes with {given[0]!r}") for key in lacking]
        problems += [Problem(key, f"does not go with {given[0]!r}") for key in extra]
        return problems + (pattern_problems(self.pattern) if self.pattern is not None else [])

    def names(self) -> tuple[str, ...]:
        """The names of the figures, as far as they can be known."""
        if self.pattern is not None:
            return tuple(group for group in re.compile(self.pattern).groupindex if group != STEP_NAME)
        name = self.column or self.tag or self.json_lines
        return (name,) if isinstance(name, str) else ()


def pattern_problems(pattern: str) -> list[Problem]:
    """What is wrong with a regular expression from which figures are to come."""
    try:
        groups = set(re.compile(pattern).groupindex)
    except re.error as error:
        return [Problem("pattern", f"no regular expression: {error}")]
    return [] if groups - {STEP_NAME} else [Problem("pattern", "has no named group, such as 'reward (?P<value>\\S+)'")]
