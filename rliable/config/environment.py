"""What the `environment` of a model file stands for: an environment, rows of a file, or a name that a model knows.

What it is follows from the name and from what the model says it learns from. An environment is made for the model, rows
are read for it, and a name is handed on as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rliable.config.rows import ROW_SUFFIXES, load_rows
from rliable.model import BaseModel
from rliable.registry import ENVIRONMENTS, FORMS, MODELS, find_file, is_text
from rliable.schema import ConfigError, Problem
from rliable.unit import ModelConfig, wrapper_name

#: What a model of which nothing is known may be given.
MADE_FOR_IT = ("environment", "rows")
#: Libraries whose name and a colon may stand before the name of one of their environments.
LIBRARIES = ("gymnasium", "gym")
#: How Gymnasium writes the name of an environment that has a namespace: "ALE/Pong-v5".
VERSIONED = re.compile(r"-v\d+$")


def kinds_for(model_class: Any) -> tuple[str, ...]:
    """What a model says it learns from; a class that is no `BaseModel` need not say it."""
    kinds: tuple[str, ...] = getattr(model_class, "learns_from", BaseModel.learns_from)
    return kinds


def kind_of_environment(name: str, learns_from: Sequence[str]) -> str:
    """Which of "environment", "rows" and "name" the `environment` of a model file is.

    Args:
      name: as the user wrote it, or as `resolve_environment` gives it.
      learns_from: the model's.
    """
    if Path(name).suffix.lower() in ROW_SUFFIXES:
        return "rows"
    is_ours = ":" in name or registered(name) is not None
    makes_none = "environment" not in learns_from and "gymnasium" not in learns_from
    return "name" if "name" in learns_from and (makes_none or not is_ours) else "environment"


def resolve_environment(name: str, learns_from: Sequence[str] = MADE_FOR_IT, beside: str | None = None) -> str:
    """Finds what the `environment` of a model file stands for.

    Args:
      name: an environment's name in any case, a class of the user's own, a file, or a name that only the model knows.
      learns_from: the model's.
      beside: the file that names it; a path may be relative to it as well as to the working folder.

    Returns:
      The registered name, a library's with its prefix, the class with the path of its file, the path of a file
      (absolute, if that can be written as text), or the name as it is.

    Raises:
      ConfigError: there is no such thing, or the model does not learn from its kind.
    """
    kind = kind_of_environment(name, learns_from)
    is_file = kind == "rows" or (kind == "name" and is_path(name))
    found = find_file(name, beside) if is_file else name
    if found is None:
        raise ConfigError([Problem("environment", f"no such file {name!r}")])
    is_on_host = kind == "environment" and kind not in learns_from and "gymnasium" in learns_from
    if kind not in learns_from and not is_on_host:
        raise ConfigError([Problem("environment", wrong_kind(name, kind, learns_from))])
    if is_on_host:
        ours = registered(name)
        return find_own_environment(f"gymnasium:{ours}" if ours else name, beside)
    if kind == "environment":
        return registered(name) or find_own_environment(name, beside)
    absolute = os.path.normpath(Path(found).absolute())
    return name if not is_file else absolute if is_text(absolute) else found


def classes_of(model: ModelConfig) -> tuple[str, ...]:
    """The names of the classes that a worker needs for a model: its own, and those that its parts are made of.

    Of a library's environment only the module that adds it may be the user's.
    """
    model_class = MODELS.load(model.class_name)
    if kind_of_environment(model.environment, kinds_for(model_class)) != "environment":
        return (model.class_name,)
    environment = model.environment.partition(":")[2] if in_library(model.environment) else model.environment
    parts = getattr(model_class, "classes_in", lambda _: ())(model.hp_params)
    return (model.class_name, environment, *map(wrapper_name, model.wrappers), *parts)


def registered(name: str) -> str | None:
    """The name of a registered environment, whatever its case; None when there is none."""
    return {known.lower(): known for known in ENVIRONMENTS.table}.get(name.lower())


def in_library(name: str) -> bool:
    """Tells whether a resolved name is that of a library's environment."""
    return name.partition(":")[0] in LIBRARIES and ":" in name


def find_own_environment(name: str, beside: str | None) -> str:
    """A library's environment, or a user's own, once it is known to be there."""
    found = ENVIRONMENTS.find(name, beside)
    ENVIRONMENTS.load(found)
    return found


def is_path(name: str) -> bool:
    """Tells whether a name can only be that of a file."""
    has_folder = "/" in name or os.sep in name
    return has_folder and ":" not in name and VERSIONED.search(name) is None


def wrong_kind(name: str, kind: str, learns_from: Sequence[str]) -> str:
    """What to say of an `environment` that the model does not learn from."""
    names = ", ".join([*sorted(ENVIRONMENTS.table), *(f"'{library}:NAME'" for library in LIBRARIES)])
    cures = {
        "environment": f"an environment ({names}, {FORMS})",
        "gymnasium": "an environment with Gymnasium's interface",
        "rows": f"rows (a file ending in {', '.join(ROW_SUFFIXES)})",
        "name": "the name of an environment that it makes itself",
    }
    found = "a file of rows" if kind == "rows" else "no file of rows"
    return f"{name!r} is {found}; this model learns from {' or '.join(cures[known] for known in learns_from)}"


def rows_problem(path: str) -> str | None:
    """What is wrong with a file of rows, or None."""
    try:
        return None if load_rows(path) else f"{path} has no rows"
    except (ValueError, OSError) as error:
        return str(error)
