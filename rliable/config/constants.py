"""The constants of environments that `environment_kwargs` of a model file may change, and the checks of it.

They are the keywords of what makes the environment. Where that is a dataclass whose fields are declared with
`rliable.schema.setting`, they have ranges, units and a sentence; elsewhere what the annotations say.
"""

from __future__ import annotations

import contextlib
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rliable.json_types import as_type
from rliable.registry import ENVIRONMENTS
from rliable.schema import Declaration, Problem, Rule, check_value, nearest

KEY = "environment_kwargs"
#: What an environment says of itself, and nobody else may.
FIXED = ("name", "threshold", "observation_size", "num_actions", "action_low", "action_high")
SIMPLE = (int, float, bool, str, types.NoneType)


def constants_of(factory: Callable[..., Any]) -> dict[str, Declaration]:
    """The constants by name.

    Args:
      factory: the class of an environment, or a function that makes one.
    """
    rules = {field.name: field.metadata.get("rule") for field in getattr(factory, "__dataclass_fields__", {}).values()}
    hints = hints_of(factory)
    return {
        name: Declaration(name, hints.get(name, Any), rules.get(name) or Rule(""), shown_default(parameter.default))
        for name, parameter in inspect.signature(factory).parameters.items()
        if name not in FIXED and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }


def shown_default(default: Any) -> Any:
    """A default for tables: what JSON does not have is shown as text."""
    return default if isinstance(default, (*SIMPLE, list, tuple, dict)) else repr(default)


def hints_of(factory: Callable[..., Any]) -> dict[str, Any]:
    """The types of numbers, truth values and texts among the keywords; others are not checked."""
    hints: dict[str, Any] = {}
    for source in (factory, factory.__init__ if inspect.isclass(factory) else factory):
        with contextlib.suppress(NameError, TypeError, AttributeError):  # names that only a type checker imports
            hints |= typing.get_type_hints(source)
    return {name: hint for name, hint in hints.items() if is_simple(hint)}


def is_simple(hint: Any) -> bool:
    """Tells whether a type is one of `SIMPLE`, or a choice of them."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return all(option in SIMPLE for option in options)


def constants_problems(environment: str, kind: str, given: Mapping[str, Any]) -> list[Problem]:
    """The mistakes in a model file's `environment_kwargs`.

    Args:
      environment: the model file's, as resolved.
      kind: what that is, by `rliable.config.environment.kind_of_environment`.
      given: the constants by name.
    """
    if not given:
        return []
    if kind != "environment":
        why = "is a file of rows" if kind == "rows" else "is made by the model itself"
        return [Problem(KEY, f"is for environments that are made for the model, and {environment} {why}")]
    factory = ENVIRONMENTS.load(environment)
    known = constants_of(factory)
    takes_any = any(part.kind is part.VAR_KEYWORD for part in inspect.signature(factory).parameters.values())
    problems: list[Problem] = []
    for name, value in given.items():
        if name in known:
            problems += check_value(value, known[name].hint, known[name].rule, f"{KEY}.{name}")
        elif not takes_any:
            words = nearest(name, known) if known else f"; {environment} has none"
            problems.append(Problem(f"{KEY}.{name}", f"unknown constant{words}"))
    return problems


def make_environment(name: str, constants: Mapping[str, Any], wrappers: Sequence[Any] = ()) -> Any:
    """A new environment.

    Args:
      name: as resolved by `rliable.config.environment.resolve_environment`.
      constants: its `environment_kwargs`, checked.
      wrappers: what lies around it, checked; only the factory of an environment outside the graph takes them.
    """
    factory = ENVIRONMENTS.load(name)
    around = {"wrappers": wrappers} if wrappers else {}
    return factory(**typed(factory, constants), **around)


def typed(factory: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Constants as the environment holds them: 1 and 1.0 make the same one where a number is declared as float."""
    known = constants_of(factory)
    return {name: as_type(value, known[name].hint) if name in known else value for name, value in given.items()}
