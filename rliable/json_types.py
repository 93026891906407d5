"""What a type hint asks of a JSON value, also in the user's words."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any


def has_type(value: Any, hint: Any) -> bool:
    """Tells whether parsed JSON fits a type hint. A whole number fits float; true and false fit only bool."""
    if hint is Any:
        return True
    if typing.get_origin(hint) is typing.Literal:
        return isinstance(value, str) and value in typing.get_args(hint)
    if is_union(hint):
        return any(has_type(value, option) for option in typing.get_args(hint))
    if typing.get_origin(hint) is list:
        return isinstance(value, list) and len(value) > 0
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, typing.get_origin(hint) or hint)


def is_union(hint: Any) -> bool:
    """Whether a type hint names several types, in either way of writing that."""
    return isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union


def as_type(value: Any, hint: Any) -> Any:
    """Gives a whole number its declared type float, so that 1 and 1.0 make the same record."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole and hint in (float, float | None) else value


def type_name(hint: Any) -> str:
    """A type hint in the user's words."""
    if is_union(hint):
        return " or ".join(type_name(option) for option in typing.get_args(hint))
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(f'"{word}"' for word in typing.get_args(hint))
    if typing.get_origin(hint) is list:
        inner = type_name((typing.get_args(hint) or (Any,))[0])
        return f"a non-empty list of {inner.removeprefix('an ').removeprefix('a ')}s"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", list: "a list"}
    names[types.NoneType] = "null"
    is_object = (typing.get_origin(hint) or hint) is dict or dataclasses.is_dataclass(hint)
    return names.get(hint, "an object" if is_object else "a value")


def item_type(hint: Any) -> Any:
    """The type of a list's items, also where the list is one option of several: int for `list[int] | None`."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    lists = [option for option in options if typing.get_origin(option) is list]
    return typing.get_args(lists[0])[0] if lists else Any
