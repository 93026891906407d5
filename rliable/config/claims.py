"""What a model class says of the hyperparameters in a model file; one that is no `BaseModel` need not say it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence, Set
from typing import Any

from rliable.config.constants import make_environment
from rliable.registry import MODELS
from rliable.schema import Problem
from rliable.unit import ModelConfig


def table_for(model_class: Any, hp_params: Any) -> Any:
    """The settings record of its hyperparameters; None where there is no class, or nothing is to be checked."""
    find = getattr(model_class, "hyperparameters_for", None)
    if find is not None and isinstance(hp_params, dict):
        return find(hp_params)
    return getattr(model_class, "hyperparameters", None)


def without(hp_params: Any, varied: Set[str]) -> Any:
    """The hyperparameters of a model file that a study does not set."""
    is_read = isinstance(hp_params, dict)
    return {name: value for name, value in hp_params.items() if name not in varied} if is_read else hp_params


def metrics_for(model_class: Any, hp_params: Any) -> Sequence[str]:
    """What it reports; empty where there is no class, or only running it can tell."""
    find = getattr(model_class, "metrics_for", None)
    has_values = isinstance(hp_params, dict)
    known = find(hp_params) if find is not None and has_values else getattr(model_class, "metrics", ())
    return known if isinstance(known, tuple | list) else ()


def missing_packages(model_class: Any) -> str | None:
    """What this machine lacks for it, in one line; None if nothing, or if it cannot tell."""
    find = getattr(model_class, "missing_packages", None)
    return None if find is None else find()


def missing_devices(model_class: Any, hp_params: Any) -> list[Problem]:
    """What hyperparameters ask for that this machine does not have, if it can tell; for runs that are to be here."""
    find = getattr(model_class, "missing_devices", None)
    return [] if find is None else find(hp_params)


def learner_of(model: ModelConfig, hp_params: Any, is_here: bool) -> str:
    """Where a model's runs learn, in few words; empty for one that does not say.

    Args:
      model: the checked model file.
      hp_params: of the model; without those that a study searches over.
      is_here: whether runs are on this machine.
    """
    find = getattr(MODELS.load(model.class_name), "device_words", None)
    make = functools.partial(make_environment, model.environment, model.environment_kwargs, model.wrappers)
    return "" if find is None else find(hp_params, make, is_here)


def with_files(model_class: Any, hp_params: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
    """The hyperparameters with the files that they name at other places.

    Args:
      model_class: the model's.
      hp_params: of the model, checked.
      place: called with each name that may be a file's.
    """
    find = getattr(model_class, "with_files", None)
    return hp_params if find is None else find(hp_params, place)


def files_in(model_class: Any, hp_params: dict[str, Any]) -> tuple[str, ...]:
    """The names in them that may be files'."""
    names: list[str] = []
    with_files(model_class, hp_params, lambda name: names.append(name) or name)  # type: ignore[func-returns-value]
    return tuple(names)
