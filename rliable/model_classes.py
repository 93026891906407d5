"""Finds a model's class by its registered name or as "package.module:Class", and checks that it keeps the contract."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

from models import MODELS
from models.base_model import CONTRACT
from rliable.schema import ConfigError, Rule, nearest


def load_class(name: str) -> type[Any]:
    """Imports a model class.

    Args:
      name: a key of `models.MODELS`, or "package.module:Class" from any file on the path or in the working folder.

    Raises:
      ConfigError: there is no such model, or its class lacks a method that every model needs.
    """
    if ":" not in name and name not in MODELS:
        raise ConfigError([f"class: unknown model {name!r}{nearest(name, MODELS)}; or 'package.module:Class'"])
    module_name, _, class_name = MODELS.get(name, name).partition(":")
    model_class = getattr(import_module(module_name), class_name, None)
    if not inspect.isclass(model_class):
        raise ConfigError([f"class: {module_name} has no class {class_name!r}"])
    abstract: frozenset[str] = getattr(model_class, "__abstractmethods__", frozenset())
    missing = [method for method in CONTRACT if not callable(getattr(model_class, method, None))]
    missing += sorted(abstract - set(missing))
    if not is_table(getattr(model_class, "hyperparameters", None)):
        rule = "must be a dataclass whose fields are made with rliable.schema.setting, or None"
        raise ConfigError([f"class: {name}.hyperparameters {rule}"])
    if missing:
        raise ConfigError([f"class: {name} lacks the method {method!r}, which every model needs" for method in missing])
    return model_class


def is_table(hyperparameters: Any) -> bool:
    """Tells whether a class attribute `hyperparameters` is what the contract asks for."""
    if hyperparameters is None:
        return True
    if not (isinstance(hyperparameters, type) and dataclasses.is_dataclass(hyperparameters)):
        return False
    return all(isinstance(field.metadata.get("rule"), Rule) for field in dataclasses.fields(hyperparameters))


def import_module(name: str) -> Any:
    """Imports a module, looking in the working folder as well, as `python script.py` does for its own."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise ConfigError([f"class: no module named {name!r} on the path or in the working folder"]) from error
        raise ConfigError([f"class: importing {name} failed: {error}"]) from error
    except Exception as error:
        raise ConfigError([f"class: importing {name} failed: {type(error).__name__}: {error}"]) from error
