"""How values, durations and hyperparameters read, in the terminal and in pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f-\x9f]")


def format_number(value: float | None, digits: int = 4) -> str:
    """A number with some significant digits, whole ones in full: "200", "187.4", "0.003125", "1.2e-05".

    Args:
      value: the number; None and NaN give "-".
      digits: significant digits, at least 4.
    """
    if value is None or math.isnan(value):
        return "-"
    if math.isfinite(value) and value == int(value) and abs(value) < 1e7:
        return str(int(value))
    if 10 ** (digits - 1) <= abs(value) < 1e7:
        return f"{value:.1f}"
    return f"{value:.{digits}g}"


def format_metric(value: float | None) -> str:
    """A metric, fine enough to tell two trials apart: five significant digits."""
    return format_number(value, digits=5)


def format_value(value: Any) -> str:
    """A hyperparameter's value: numbers as `format_number`, finer near 1; the rest as in JSON but without quotes."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format_number(value, digits_near_one(value))
    if isinstance(value, list | tuple):
        return "[" + ",".join(format_value(item) for item in value) + "]"
    return one_line(str(value))


def digits_near_one(value: float) -> int:
    """Significant digits for a hyperparameter: enough to tell 0.99962 from 1, since what it lacks is what counts."""
    lacks = 1 - abs(value)
    return min(7, max(4, 2 + math.ceil(-math.log10(lacks)))) if 0 < lacks < 1 else 4


def format_params(params: Mapping[str, Any]) -> str:
    """Hyperparameters on one line: "batch_size=64 learning_rate=0.003125"."""
    return " ".join(f"{one_line(name)}={format_value(value)}" for name, value in params.items())


def format_duration(seconds: float) -> str:
    """A duration with its unit: "6 ms", "4.2 s", "3 min 05 s", "2 h 07 min"."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def format_clock(seconds: float) -> str:
    """A duration as a clock that can tick without changing its width: "0:42", "12:05", "3:07:00"."""
    whole = max(0, int(seconds))
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def format_count(count: int, noun: str) -> str:
    """A count with its noun: "1 slot", "2 slots"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_goal(criteria: str) -> str:
    """The direction of the search in words."""
    return "maximise" if criteria == "max" else "minimise"


def shorten(text: str, width: int) -> str:
    """A text of at most `width` characters; a longer one ends in "…"."""
    return text if len(text) <= width else text[: width - 1] + "…"


def one_line(text: str) -> str:
    """A text without line breaks and control characters, so that it cannot spoil a terminal."""
    return " ".join(_CONTROL.sub(" ", text).split())
