"""Settings records: dataclasses whose fields carry type, range, unit and a sentence.

A record is declared once with `setting`; from that one declaration follow the checks of a JSON file
(`check_record`), the tables of `rliable models NAME`, and the defaults.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from rliable.json_types import as_type, has_type, item_type, type_name

REQUIRED = dataclasses.MISSING
#: The default of a key that may be left out, and is not filled in.
ABSENT = type("Absent", (), {"__repr__": lambda self: "absent"})()
#: How many mistakes people are shown at once.
NUM_SHOWN_PROBLEMS = 20
#: What would move the cursor, clear the screen or turn the writing round, were it shown as it stands in a file.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclasses.dataclass(frozen=True)
class Problem:
    """A mistake in the user's input; as text it is one line.

    Attributes:
      path: the key's path ("grid.batch_size[1]"), empty where there is none.
      words: what is wrong there, and the cure.
    """

    path: str
    words: str

    def __str__(self) -> str:
        line = f"{self.path}: {self.words}" if self.path else self.words
        return UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], line)


class ConfigError(Exception):
    """One or more mistakes in the user's input; each is one line that names the place and the cure.

    Attributes:
      found: the mistakes.
      problems: the same as lines.
      shown: the first lines, and how many more there are; also the exception's text.
    """

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        self.found = [problem if isinstance(problem, Problem) else Problem("", problem) for problem in problems]
        self.problems = [str(problem) for problem in self.found]
        num_more = len(self.problems) - NUM_SHOWN_PROBLEMS
        self.shown = self.problems[:NUM_SHOWN_PROBLEMS] + [f"... and {num_more:,} more"] * (num_more > 0)
        super().__init__("\n".join(self.shown))


@dataclasses.dataclass(frozen=True)
class Rule:
    """What a setting's value has to fulfil, and what it means.

    Attributes:
      doc: one sentence for the user.
      unit: the value's unit ("environment steps", "seconds", ...), empty for none.
      low, high: inclusive bounds of a number, or of each number in a list.
      above: exclusive lower bound.
      choices: the only values allowed.
      name: the key as users write it, where that is no Python name ("class"); empty for the field's own.
      compiles: for a hyperparameter of an agent, whether changing it needs a new compiled program: True, False, or a
        function that rounds it up to what is compiled (`rliable.training.shapes`).
      in_program: for a hyperparameter of an agent, whether the compiled program reads it; False for what only the run
        around it does, such as when to evaluate.
      searchable: for a hyperparameter, whether a study may search over it.
    """

    doc: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    above: float | None = None
    choices: tuple[Any, ...] | None = None
    name: str = ""
    compiles: bool | Callable[[Any], Any] = False
    in_program: bool = True
    searchable: bool = True

    def allowed(self) -> str:
        """Words for the allowed values, such as "in [0, 1]" or "one of huber, mse"; empty when all are."""
        if self.choices is not None:
            return "one of " + ", ".join(str(choice) for choice in self.choices)
        if self.low is not None and self.high is not None:
            return f"in [{format_bound(self.low)}, {format_bound(self.high)}]"
        if self.above is not None:
            return f"above {self.above:g}" + (f", at most {format_bound(self.high)}" if self.high is not None else "")
        if self.low is not None:
            return f"at least {format_bound(self.low)}"
        return f"at most {format_bound(self.high)}" if self.high is not None else ""


def format_bound(number: float) -> str:
    """A bound in few letters: "64", "0.5", "1e9"."""
    return f"{number:g}".replace("e+0", "e").replace("e+", "e")


def setting(default: Any, doc: str, **rule: Any) -> Any:
    """Declares one field of a settings record.

    Args:
      default: its default, `REQUIRED` or `ABSENT`. A list stands for itself and is copied for each record.
      doc: one sentence for the user.
      **rule: the other attributes of `Rule`.
    """
    metadata = {"rule": Rule(doc, **rule)}
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def with_default(record_type: type, name: str, default: Any, **changes: Any) -> Any:
    """Declares a field that a record inherits once more, with another default.

    Args:
      record_type: the record that it is inherited from.
      name: the field's.
      default: as in `setting`.
      **changes: attributes of its `Rule` that become others; the rest stays as it was.
    """
    declared = {field.name: field.metadata["rule"] for field in dataclasses.fields(record_type)}
    rule = dataclasses.asdict(declared[name]) | {"compiles": declared[name].compiles} | changes
    return setting(default, rule.pop("doc"), **rule)


@dataclasses.dataclass(frozen=True)
class Declaration:
    """One field of a settings record.

    Attributes:
      field: its name in Python.
      hint: its type.
      rule: what its value has to fulfil.
      default: a new copy of its default, or `REQUIRED`.
    """

    field: str
    hint: Any
    rule: Rule
    default: Any


def declarations(record_type: type) -> dict[str, Declaration]:
    """The fields of a settings record, by the key under which users write each."""
    hints = typing.get_type_hints(record_type)
    found = {}
    for field in dataclasses.fields(record_type):
        rule: Rule = field.metadata["rule"]
        default = field.default if field.default_factory is REQUIRED else field.default_factory()
        found[rule.name or field.name] = Declaration(field.name, hints[field.name], rule, default)
    return found


def check_record(record_type: type, data: Any, path: str = "") -> tuple[Any, list[Problem]]:
    """Makes a record from parsed JSON, and collects every mistake instead of stopping at the first.

    A record type may have a method `problems`, which tells of values that are right one by one and do not go together:
    it is asked when there are no other mistakes, and answers with `Problem`s whose paths begin at the record.

    Args:
      record_type: a dataclass whose fields are declared with `setting`.
      data: what the JSON file holds at `path`.
      path: the key path of `data` in its file, empty at the top.

    Returns:
      The record (None if there are mistakes) and the mistakes.
    """
    values, problems = check_fields(record_type, data, path)
    if problems:
        return None, problems
    record = record_type(**values)
    clashes = record.problems() if hasattr(record, "problems") else []
    problems = [Problem(join(path, clash.path) if clash.path else path, clash.words) for clash in clashes]
    return (None, problems) if problems else (record, [])


def check_fields(
    record_type: type, data: Any, path: str = "", may_lack: Set[str] = frozenset()
) -> tuple[dict[str, Any], list[Problem]]:
    """Like `check_record`, for a record of which others set a part.

    Args:
      record_type, data, path: as there.
      may_lack: required keys that may be missing.

    Returns:
      The values that are there, by the fields' names, and the mistakes.
    """
    if not isinstance(data, Mapping):
        return {}, [Problem(path or "the file", f"expected an object with keys, found {describe(data)}")]
    known = declarations(record_type)
    problems = unknown_key_problems([key for key in data if key not in known], known, path)
    values = {}
    for key, declared in known.items():
        if key in data:
            values[declared.field], found = read_value(data[key], declared.hint, declared.rule, join(path, key))
            problems += found
        elif declared.default is REQUIRED and key not in may_lack:
            problems.append(Problem(join(path, key), f"missing; {declared.rule.doc}"))
    return values, problems


def unknown_key_problems(unknown: list[str], known: Iterable[str], path: str, what: str = "key") -> list[Problem]:
    """What to say of keys that an object should not have.

    Args:
      unknown: the keys.
      known: those that it may have; they are named for as many of the others as are shown.
      path: the key path of the object.
      what: the word for such a key.
    """
    names, shown = list(known), unknown[:NUM_SHOWN_PROBLEMS]
    words = [nearest(key, names) for key in shown] + [""] * (len(unknown) - len(shown))
    return [Problem(join(path, key), f"unknown {what}{end}") for key, end in zip(unknown, words, strict=True)]


def read_value(value: Any, hint: Any, rule: Rule, path: str) -> tuple[Any, list[Problem]]:
    """One field's value as the record holds it, and the mistakes."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return check_record(hint, value, path)
    return as_type(value, hint), check_value(value, hint, rule, path)


def check_value(value: Any, hint: Any, rule: Rule, path: str) -> list[Problem]:
    """Checks one value against its type and rule."""
    if not has_type(value, hint):
        return [Problem(path, f"expected {type_name(hint)}, found {describe(value)}")]
    if isinstance(value, list):
        item_hint = item_type(hint)
        return [p for i, item in enumerate(value) for p in check_value(item, item_hint, rule, f"{path}[{i}]")]
    if value is None:
        return []
    if rule.choices is not None and value not in rule.choices:
        return [Problem(path, f"unknown {value!r}{nearest(value, rule.choices)}")]
    if not isinstance(value, bool) and isinstance(value, int | float):
        if not math.isfinite(value):
            return [Problem(path, f"{value} is not a finite number")]
        if not is_in_range(value, rule):
            return [Problem(path, f"{value} is out of range, must be {rule.allowed()}")]
    return []


def is_in_range(value: float, rule: Rule) -> bool:
    """Tells whether a number lies within the rule's bounds."""
    return (
        (rule.low is None or value >= rule.low)
        and (rule.high is None or value <= rule.high)
        and (rule.above is None or value > rule.above)
    )


def describe(value: Any) -> str:
    """A value as found in a file, short enough for one line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an empty list" if not value else "a list"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value!r:.60}"


def nearest(name: Any, known: Iterable[Any], others: Iterable[Any] = ()) -> str:
    """The end of an error line about an unknown name: the closest known one, and all of them.

    Args:
      name: as found.
      known: the names that are known.
      others: further ones, too many to be listed.
    """
    names = sorted(str(item) for item in known)
    candidates = [*names, *(str(item) for item in others)]
    close = difflib.get_close_matches(str(name), candidates, n=1, cutoff=0.5)
    lowered = [item for item in candidates if item.lower() == str(name).lower()]
    best = (lowered or close or [""])[0]
    guess = f"; did you mean {best!r}?" if best else ";"
    return f"{guess} known: {', '.join(names)}"


def join(path: str, key: str) -> str:
    """The key path of `key` inside the object at `path`."""
    return f"{path}.{key}" if path else key
