"""Whose code a study folder may have run: ours, what is found from the working folder, what the user trusts by name.

A folder that a stranger has made names classes, and may bring files with them. So a name that stands in a folder is
looked at before anything that it names is imported:

- one of our tables, or of Gymnasium's or Gym's environments, is loaded;
- so is a file, or a module, that lies in the working folder or below it and has not come along with the study: a folder
  below the working folder that holds both has it from whoever made the study;
- anything else only if the user names it: `--trust NAME`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pkgutil
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from rliable.config.environment import in_library, registered
from rliable.config.rows import ROW_SUFFIXES
from rliable.config.wrappers import split_wrapper
from rliable.registry import (
    ENVIRONMENTS,
    MODELS,
    NETWORKS,
    SAMPLERS,
    WRAPPERS,
    Registry,
    file_in,
    is_installed,
    look_in_working_folder,
)
from rliable.schema import ConfigError

#: What is wrong with most of them.
NOT_FROM_HERE = "is not found from the working folder"
CAME_ALONG = "may have come along with the folder"


def check_trust(record: Mapping[str, Any], folder: Path, trusted: Collection[str]) -> None:
    """Refuses a record that would run the code of whoever made it.

    Args:
      record: the keys of a model file as run, and of its study file if it is a study's; files where they are now.
      folder: in which it is recorded.
      trusted: the names after `--trust`.

    Raises:
      ConfigError: in one line, with the words to add.
    """
    for find in (strange_classes, strange_parts):  # the second imports what the first has looked at
        strange = {name: why for name, why in find(record, folder) if not is_trusted(name, trusted)}
        if strange:
            what = ", ".join(f"{name} {why}" for name, why in strange.items())
            flags = shlex.join(word for name in strange for word in ("--trust", name))
            raise ConfigError([f"{folder}: {what}; if you trust whoever made this folder, add {flags}"])


def names_to_trust(record: Mapping[str, Any], folder: Path) -> list[str]:
    """The names for which `check_trust` asks, of a record whose code has been run."""
    names: list[str] = []
    for find in (strange_classes, strange_parts):
        with contextlib.suppress(ConfigError):  # what is not there can be neither run nor trusted
            names += [name for name, _ in find(record, folder)]
    return names


def strange_classes(record: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """The classes of a record that are not ours and not from here, each with what is wrong; imports none of them."""
    yield from not_from_here(named_classes(record), folder)


def strange_parts(record: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """The same of hyperparameters, and a model that runs what it is given; imports the model's class."""
    if isinstance(record.get("class"), str):
        model_class = MODELS.load(record["class"])
        words = getattr(model_class, "runs_what_it_is_given", "")
        if words:
            yield record["class"], f"is not harmless ({words})"
        yield from not_from_here(((NETWORKS, name) for name in named_parts(model_class, record)), folder)


def not_from_here(named: Iterable[tuple[Registry | None, str]], folder: Path) -> Iterator[tuple[str, str]]:
    """Those of some classes that are not found from the working folder, or not safely, each with what is wrong."""
    for name in dict.fromkeys(located(named, folder)):
        why = why_not_from_here(name, folder)
        if why:
            yield name, why


def named_classes(record: Mapping[str, Any]) -> Iterator[tuple[Registry | None, str]]:
    """The names of classes in a record that are not in our tables, with the tables that they are not in."""
    for registry, key in ((MODELS, "class"), (SAMPLERS, "sampler")):
        if isinstance(record.get(key), str):
            yield registry, record[key]
    environment = record.get("environment")
    if isinstance(environment, str) and not registered(environment) and not is_rows(environment):
        yield (None, environment.partition(":")[2]) if in_library(environment) else (ENVIRONMENTS, environment)
    wrappers = record.get("wrappers")
    for wrapper in wrappers if isinstance(wrappers, list) else []:
        with contextlib.suppress(ValueError):  # no wrapper, as the checks will say
            yield from ((WRAPPERS, name) for name in split_wrapper(wrapper))


def named_parts(model_class: Any, record: Mapping[str, Any]) -> Iterator[str]:
    """The names of classes among hyperparameters, and among those that a study tries."""
    find = getattr(model_class, "classes_in", lambda _: ())
    for given in (record.get("hp_params"), record.get("grid")):
        for key, value in given.items() if isinstance(given, dict) else ():
            for text in texts_in(value):
                yield from find({key: text})


def texts_in(value: Any) -> Iterator[str]:
    """The texts anywhere in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_in(item)


def located(named: Iterable[tuple[Registry | None, str]], folder: Path) -> Iterator[str]:
    """The names of classes of the user's own, with the files in which they would be found."""
    for registry, name in named:
        if ":" in name and (registry is None or name not in {*registry.table, *registry.table.values()}):
            yield name if registry is None else registry.find(name, str(folder / "study.json"))


def is_rows(environment: str) -> bool:
    """Tells whether an `environment` is a file of rows, which is read and not run."""
    return Path(environment).suffix.lower() in ROW_SUFFIXES


def why_not_from_here(name: str, folder: Path) -> str:
    """Why a class is not found from the working folder; empty if it is, and if it is not there at all: that is no harm.

    Args:
      name: "file.py:Class" or "package.module:Class".
      folder: that names it.
    """
    place = name.rpartition(":")[0]
    try:
        files = [Path(place)] if place.endswith(".py") else list(files_of_module(place))
        return next(filter(None, (why_not_own(file, folder) for file in files)), "")
    except (ImportError, ValueError, OSError):
        return NOT_FROM_HERE


def why_not_own(file: Path, folder: Path) -> str:
    """Why a file is not from here: it is not below the working folder, or may have come along with a folder."""
    here, file, folder = Path.cwd().resolve(), file.resolve(), folder.resolve()
    if not file.is_relative_to(here) or is_installed(file):
        return NOT_FROM_HERE
    shared = Path(os.path.commonpath([file, folder]))
    is_below = shared != here and shared.is_relative_to(here)
    return CAME_ALONG if is_below or file.is_relative_to(folder) else ""


def files_of_module(name: str) -> Iterator[Path]:
    """The files that importing a module runs; none of them is run for this. A package that is nowhere has none.

    Raises:
      ImportError: it is a part of Python itself, and no file, or its package has no such module.
    """
    look_in_working_folder()
    first, *rest = name.split(".")
    spec = importlib.util.find_spec(first)
    while spec is not None:
        is_bare_folder = spec.origin is None and spec.submodule_search_locations is not None  # without __init__.py
        if not (spec.has_location or is_bare_folder):
            raise ImportError(f"{spec.name} is no file")
        yield from () if spec.origin is None else (Path(spec.origin),)
        spec = spec_below(spec, rest.pop(0)) if rest else None


def spec_below(package: ModuleSpec, name: str) -> ModuleSpec:
    """Where a module of a package is, which is not imported for this; `importlib.util.find_spec` would import it."""
    finders = [pkgutil.get_importer(place) for place in package.submodule_search_locations or ()]
    found = [finder.find_spec(f"{package.name}.{name}") for finder in finders if finder is not None]
    specs = sorted(filter(None, found), key=lambda spec: not spec.has_location)  # a file before a bare folder
    if not specs:
        raise ImportError(f"{package.name} has no {name}")
    return specs[0]


def is_trusted(name: str, trusted: Collection[str]) -> bool:
    """Tells whether the user has named a class, its module or its file."""
    return any(name == given or name.rpartition(":")[0] == given or are_one(name, given) for given in trusted)


def are_one(name: str, given: str) -> bool:
    """Tells whether two names are of one file, and of the same class in it if both name one."""
    file, other = file_in(name), file_in(given)
    if not (file.endswith(".py") and other.endswith(".py")) or Path(file).resolve() != Path(other).resolve():
        return False
    return ":" not in given or name.removeprefix(file) == given.removeprefix(other)
