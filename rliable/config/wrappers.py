"""The `wrappers` of a model file: what lies around an environment outside the graph, and the checks of it.

An entry is a name ("atari"), a name with arguments in the order of its parameters ("time_limit(500)"), an object of one
name with its first argument ({"frame_stack": 4}), or with its arguments by name ({"frame_stack": {"size": 4}}).
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rliable.registry import ENVIRONMENTS, WRAPPERS
from rliable.schema import ConfigError, Problem, check_record, declarations, describe, join, unknown_key_problems

#: "name(1, 2)"
CALL = re.compile(r"(?P<name>[^()]+)(\((?P<arguments>.*)\))?", re.DOTALL)
#: What people look for among the wrappers and find elsewhere.
ELSEWHERE = {
    "normalize_observations": 'agents do this themselves: "normalize_observations": true in hp_params (PPO, REINFORCE)',
    "flatten": "needless: observations that are no images are flattened for the agent",
}


def check_wrappers(entries: Sequence[Any], beside: str | None = None) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Reads the wrappers of a model file.

    Args:
      entries: as written.
      beside: the file in which they stand.

    Returns:
      Each as {name: its arguments by name}, files found, and the mistakes.
    """
    checked = [check_entry(entry, f"wrappers[{index}]", beside) for index, entry in enumerate(entries)]
    problems = [problem for _, found in checked for problem in found]
    return [] if problems else [wrapper for wrapper, _ in checked], problems


def check_entry(entry: Any, path: str, beside: str | None) -> tuple[dict[str, Any], list[Problem]]:
    """One wrapper as {name: its arguments by name}, and the mistakes in it."""
    try:
        ((name, given),) = split_wrapper(entry).items()
    except ValueError:
        forms = '"time_limit(500)" or {"frame_stack": 4}'
        return {}, [
            Problem(path, f"expected a name or an object of one name, such as {forms}, found {describe(entry)}")
        ]
    if name in ELSEWHERE:
        return {}, [Problem(f"{path}.{name}", ELSEWHERE[name])]
    try:
        found = WRAPPERS.find(name, beside)
        factory = WRAPPERS.load(found)
    except ConfigError as error:
        return {}, [Problem(path, problem.words) for problem in error.found]
    arguments, problems = arguments_by_name(factory, given, f"{path}.{name}")
    return {found: arguments}, problems or argument_problems(factory, arguments, f"{path}.{name}")


def split_wrapper(entry: Any) -> dict[str, Any]:
    """A wrapper as {name: its arguments, as a list or by name}.

    Raises:
      ValueError: it has no such form.
    """
    if isinstance(entry, str):
        match = CALL.fullmatch(entry.strip())
        if match is None:
            raise ValueError(entry)
        return {match["name"].strip(): json.loads(f"[{match['arguments'] or ''}]")}
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ValueError(entry)
    ((name, given),) = entry.items()
    return {name: given if isinstance(given, dict | list) else [given]}


def arguments_by_name(factory: Callable[..., Any], given: Any, path: str) -> tuple[dict[str, Any], list[Problem]]:
    """The arguments by name, and what is wrong with their number."""
    if isinstance(given, Mapping):
        return dict(given), []
    names = names_of_parameters(factory)
    if len(given) > len(names):
        takes = f"takes {', '.join(names)}" if names else "takes no arguments"
        return {}, [Problem(path, f"{takes}, found {len(given)} argument{'s'[: len(given) > 1]}")]
    return dict(zip(names, given, strict=False)), []


def names_of_parameters(factory: Callable[..., Any]) -> list[str]:
    """The parameters of a wrapper; the first one of a user's own is the environment, and not among them."""
    if dataclasses.is_dataclass(factory):
        return list(declarations(factory))  # type: ignore[arg-type]
    parameters = list(inspect.signature(factory).parameters.values())[1:]
    return [part.name for part in parameters if part.kind in (part.POSITIONAL_OR_KEYWORD, part.KEYWORD_ONLY)]


def argument_problems(factory: Any, given: Mapping[str, Any], path: str) -> list[Problem]:
    """What is wrong with the arguments of a wrapper."""
    if dataclasses.is_dataclass(factory):
        return check_record(factory, given, path)[1]
    parameters = list(inspect.signature(factory).parameters.values())[1:]
    takes_any = any(part.kind is part.VAR_KEYWORD for part in parameters)
    known = names_of_parameters(factory)
    unknown = [] if takes_any else [name for name in given if name not in known]
    needed = [part.name for part in parameters if part.name in known and part.default is part.empty]
    missing = [Problem(join(path, name), "missing; it has no default") for name in needed if name not in given]
    return unknown_key_problems(unknown, known, path, "argument") + missing


def place_problems(wrappers: Sequence[Any], environment: str | None, kind: str) -> list[Problem]:
    """Why there cannot be wrappers around something.

    Args:
      wrappers: the model file's, checked.
      environment: the model file's, as resolved; None where it is wrong itself.
      kind: what that is, by `rliable.config.environment.kind_of_environment`.
    """
    if not wrappers or environment is None:
        return []
    if kind != "environment":
        why = "is a file of rows" if kind == "rows" else "is made by the model itself"
        return [Problem("wrappers", f"are for environments that are made for the model, and {environment} {why}")]
    if getattr(ENVIRONMENTS.load(environment), "takes_wrappers", False):
        return []
    cure = f"write gymnasium:{environment}" if environment in ENVIRONMENTS.table else "have it step in Python"
    return [Problem("wrappers", f"{environment} steps inside the graph, where no wrapper reaches; {cure} to wrap it")]
