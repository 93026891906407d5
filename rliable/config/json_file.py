"""Reads what people write in JSON, strictly, with the key's path in every mistake."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rliable.schema import ConfigError, Problem, join


class JsonError(ConfigError):
    """A file that is no JSON as we read it."""


@dataclasses.dataclass(frozen=True)
class _Mistake:
    """Stands in parsed JSON for a value that Python's reader would let pass."""

    words: str


def load_json(path: str) -> Any:
    """Reads a JSON file strictly.

    Raises:
      JsonError: the file does not exist, is not UTF-8 or not JSON, starts with a byte-order mark, names a key twice in
        one object, or holds NaN or Infinity. One line each, with the key's path, or line and column.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonError([f"{path}: not UTF-8 text: {error.reason} at byte {error.start}"]) from error
    except OSError as error:
        raise JsonError([f"{path}: cannot be read: {error.strerror}"]) from error
    if text.startswith("\ufeff"):
        raise JsonError([f"{path}: starts with a byte-order mark; save it as UTF-8 without one"])
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        raise JsonError([f"{path}: not JSON: {error.msg} at line {error.lineno} column {error.colno}"]) from error
    except RecursionError as error:
        raise JsonError([f"{path}: nested too deeply"]) from error
    except JsonError as error:
        raise JsonError([f"{path}: {problem}" for problem in error.found]) from error


def parse_json(text: str) -> Any:
    """Parses JSON strictly.

    Raises:
      json.JSONDecodeError: it is no JSON.
      JsonError: a key is given twice in one object, or a number is NaN or infinite.
    """
    data = json.loads(
        text, object_pairs_hook=mark_repeated_keys, parse_constant=mark_constant, parse_int=mark_large_number
    )
    problems = list(mistakes_in(data, ""))
    if problems:
        raise JsonError(problems)
    return data


def mark_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, with a mark in place of the value of a key that is given twice."""
    counts = Counter(key for key, _ in pairs)
    return {key: _Mistake("this key is given twice") if counts[key] > 1 else value for key, value in pairs}


def mark_constant(name: str) -> _Mistake:
    """A mark in place of NaN and the infinities, which are no JSON."""
    return _Mistake(f"{name} is not a finite number")


def mark_large_number(digits: str) -> int | _Mistake:
    """A whole number, or a mark in place of one that fits no 64 bits."""
    is_small = len(digits) <= 20 and abs(int(digits)) < 2**63
    return int(digits) if is_small else _Mistake(f"{digits:.20} is too large a number")


def mistakes_in(data: Any, place: str) -> Iterator[Problem]:
    """The marks in parsed JSON that stands at `place` in its file, and numbers that became infinite."""
    if isinstance(data, _Mistake):
        yield Problem(place or "the file", data.words)
    elif isinstance(data, float) and not math.isfinite(data):
        yield Problem(place or "the file", "this number is too large")
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from mistakes_in(value, join(place, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from mistakes_in(value, f"{place}[{index}]")


def parse_override(text: str) -> tuple[str, Any]:
    """Reads `--set key.path=value`; the value is JSON, or else text.

    Raises:
      ConfigError: there is no "=" or no key.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError([f"--set {text}: expected key=value, such as grid.batch_size=[64]"])
    try:
        return key, parse_json(value)
    except json.JSONDecodeError:
        return key, value
    except JsonError as error:
        raise ConfigError([f"--set {key}: {problem}" for problem in error.found]) from error


def apply_overrides(data: Any, overrides: dict[str, Any] | None) -> Any:
    """A copy of parsed JSON with values replaced by key path; objects on the way are made as needed."""
    for key, value in (overrides or {}).items():
        data = apply_override(data, key, value)
    return data


def apply_override(data: Any, key_path: str, value: Any, place: str = "") -> Any:
    """A copy of parsed JSON, which stands at `place` in its file, with one value replaced."""
    key, dot, rest = key_path.partition(".")
    if not isinstance(data, dict):
        where = f"{place} is no object" if place else "the file is no object"
        raise ConfigError([f"--set {join(place, key_path)}: {where}"])
    return {**data, key: apply_override(data.get(key, {}), rest, value, join(place, key)) if dot else value}
