"""Makes plain data of what a model gives back, so that it can be sent, written down and compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def as_plain(value: Any) -> Any:
    """NumPy's and TensorFlow's numbers and arrays as plain numbers and lists; a `default` for `json.dumps`.

    Raises:
      TypeError: it is something else.
    """
    if hasattr(value, "numpy"):
        value = value.numpy()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a model's results must be numbers, texts, lists and dicts, not {type(value).__name__}")


def plain_values(values: Any) -> list[Any]:
    """Predictions as plain data, bit for bit.

    Raises:
      TypeError: there is something among them that JSON cannot hold.
    """
    plain: list[Any] = json.loads(json.dumps(list(values), default=as_plain))
    return plain


def plain_numbers(numbers: Mapping[str, Any]) -> dict[str, float]:
    """Figures by name as floats.

    Raises:
      TypeError: one of them is no number.
    """
    return {str(name): plain_number(name, value) for name, value in numbers.items()}


def plain_number(name: str, value: Any) -> float:
    """One figure as a float."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the model reported {name} = {value!r:.40}, which is not a number") from error


def plain_row(row: Mapping[str, Any]) -> dict[str, float]:
    """A row of a learning curve: `step` whole, all else floats."""
    return {**plain_numbers(row), "step": int(row["step"])}


def plain_text(text: str) -> str:
    """A text that can be written as UTF-8: what cannot be is shown as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
