"""Reads model files: which model, trained on what, with which hyperparameters."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rliable.config.claims import missing_packages, table_for, with_files, without
from rliable.config.constants import constants_problems, make_environment
from rliable.config.environment import (
    in_library,
    kind_of_environment,
    kinds_for,
    registered,
    resolve_environment,
    rows_problem,
)
from rliable.config.json_file import apply_overrides, load_json
from rliable.config.wrappers import check_wrappers, place_problems, split_wrapper
from rliable.model import CONTRACT, DATA_KINDS
from rliable.registry import MODELS, file_in, find_file
from rliable.schema import (
    ABSENT,
    REQUIRED,
    ConfigError,
    Problem,
    Rule,
    check_fields,
    check_record,
    declarations,
    setting,
)
from rliable.unit import ModelConfig, wrapper_name


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A model file, before its names are resolved."""

    class_name: str = setting(REQUIRED, "A registered model, package.module:Class or file.py:Class.", name="class")
    environment: str = setting(REQUIRED, "What it learns from: an environment, or a JSON-lines or CSV file.")
    mdl_file: str = setting(REQUIRED, "The folder that train.py saves to, with the time appended.")
    hp_params: dict[str, Any] = setting(REQUIRED, "Hyperparameters by name.")
    algorithm: str | None = setting(None, "The hyperparameter `algorithm` of a model that has it, written beside it.")
    data: str = setting("environment", "How the model gets its data.", choices=("environment", "rdd"))
    environment_kwargs: dict[str, Any] = setting(
        {}, "Constants of the environment that are changed, by name; `rliable environments NAME` lists them."
    )
    wrappers: list = setting(
        [], "What lies around the environment, from the inside out; `rliable environments --wrappers` lists them."
    )


def load_model_file(
    path: str, overrides: dict[str, Any] | None = None
) -> tuple[ModelConfig, list[str], dict[str, str]]:
    """Reads a model file.

    Returns:
      The model with defaults filled in, notes for the user, and the files that it names, as found -> as written.

    Raises:
      ConfigError: with every mistake.
    """
    data = apply_overrides(load_json(path), overrides)
    model, notes, problems = check_model(data, path)
    if model is None:
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    return model, notes, named_files(written_names(model, data))


def written_names(model: ModelConfig, data: dict[str, Any]) -> dict[str, str]:
    """The names in a checked model file, as found -> as written."""
    around = zip(model.wrappers, data.get("wrappers", []), strict=True)
    wrappers = {wrapper_name(found): wrapper_name(split_wrapper(written)) for found, written in around}
    return {model.class_name: data["class"], model.environment: data["environment"], **wrappers}


def named_files(names: dict[str, str]) -> dict[str, str]:
    """The files in names, as found -> as written; what names no file is left out."""
    files = {file_in(found): file_in(written) for found, written in names.items()}
    return {found: written for found, written in files.items() if found.endswith(".py") or Path(found).is_absolute()}


def check_model(
    data: Any, path: str, varied: Set[str] = frozenset()
) -> tuple[ModelConfig | None, list[str], list[Problem]]:
    """Checks a model file's content.

    Args:
      data: the parsed file.
      path: its name; what it names may lie beside it.
      varied: hyperparameters that a study sets, which the file therefore may leave out.

    Returns:
      The model (None with mistakes), notes, and mistakes.
    """
    file, problems = check_record(ModelFile, data)
    if file is None:
        return None, [], problems
    inside = file.hp_params.get("algorithm", file.algorithm)
    if file.algorithm not in (None, inside):
        words = f"{file.algorithm!r} stands here, and {inside!r} in hp_params; write it once"
        return None, [], [Problem("algorithm", words)]
    notes: list[str] = []
    class_name, model_class, found = find_model_class(file.class_name, path)
    learns_from = kinds_for(model_class) if model_class else DATA_KINDS
    environment, problems = check_data(file, learns_from, path)
    kind = kind_of_environment(environment, learns_from)
    wrappers, wrong_wrappers = check_wrappers(file.wrappers, path)
    problems += wrong_wrappers or place_problems(wrappers, environment if not problems else None, kind)
    given = given_hyperparameters(data)
    hp_params, wrong = fill_hyperparameters(model_class, given, varied)
    if not wrong:
        hp_params = with_files(model_class, hp_params, functools.partial(absolute_file, beside=path))
    if model_class and not problems and not found and kind == "environment":
        values = {} if wrong else hp_params
        notes, problems = check_fit(model_class, environment, file.environment_kwargs, wrappers, values, tells=True)
        problems = problems or idle_problems(model_class, environment, given, varied)
    problems += found + wrong
    if problems:
        return None, [], problems
    is_found = environment == registered(environment) or in_library(environment)
    if is_found and environment != file.environment:
        notes = [f"environment {file.environment!r} is {environment}", *notes]
    constants = file.environment_kwargs
    model = ModelConfig(class_name, environment, file.mdl_file, hp_params, file.data, constants, wrappers)
    return model, notes, []


def given_hyperparameters(data: Any) -> Any:
    """The `hp_params` of a model file's content, with the `algorithm` that stands beside them; not checked yet."""
    given, algorithm = (data.get("hp_params"), data.get("algorithm")) if isinstance(data, dict) else (None, None)
    return {"algorithm": algorithm, **given} if isinstance(given, dict) and algorithm is not None else given


def find_model_class(name: str, path: str) -> tuple[str, Any, list[Problem]]:
    """The name by which a model is loaded from here on, its class (None with mistakes), and mistakes."""
    try:
        found = MODELS.find(name, path)
        model_class = MODELS.load(found)
    except ConfigError as error:
        return name, None, error.found
    missing = missing_packages(model_class)
    return (found, None, [Problem("class", missing)]) if missing else (found, model_class, [])


def check_data(file: ModelFile, learns_from: Sequence[str], path: str) -> tuple[str, list[Problem]]:
    """What a model file says of the data: the resolved `environment`, and mistakes."""
    try:
        environment = resolve_environment(file.environment, learns_from, path)
    except ConfigError as error:
        return file.environment, error.found
    kind = kind_of_environment(environment, learns_from)
    problem = rows_problem(environment) if kind == "rows" else None
    problems = [Problem("environment", problem)] if problem else []
    if file.data == "rdd" and kind != "rows":
        problems.append(Problem("data", f"'rdd' is for rows of a file, and {environment} is an environment"))
    return environment, problems + constants_problems(environment, kind, file.environment_kwargs)


def absolute_file(name: str, beside: str) -> str:
    """Where a file is that is named like one; any other name as it is."""
    found = find_file(name, beside) if "." in name or "/" in name else None
    return name if found is None else os.path.normpath(Path(found).absolute())


def check_fit(
    model_class: Any,
    name: str,
    constants: dict[str, Any],
    wrappers: Sequence[Any] = (),
    hp_params: Mapping[str, Any] = MappingProxyType({}),
    tells: bool = False,
) -> tuple[list[str], list[Problem]]:
    """Whether a model can learn in an environment that is made for it, if its class can tell.

    Args:
      model_class: its `environment_problem`, a class method, gets the environment and answers with one line or None;
        its `misfits`, alike, gets hyperparameters as well and answers with mistakes.
      name: the environment's, as resolved.
      constants: its `environment_kwargs`, checked.
      wrappers: what lies around it, checked.
      hp_params: hyperparameters, checked; those that a study sets may be missing.
      tells: whether it says what the environment's user should know, for which an environment may have to be tried.

    Returns:
      What it says, and mistakes.
    """
    problem_with = getattr(model_class, "environment_problem", None)
    if problem_with is None:
        return [], []
    try:
        environment = make_environment(name, constants, wrappers)
        problem = problem_with(environment)
        notes: list[str] = getattr(environment, "warnings", list)() if tells else []
        misfits = [] if problem else getattr(model_class, "misfits", lambda *_: [])(hp_params, environment)
    except ConfigError as error:
        return [], error.found
    except (Exception, SystemExit) as error:
        words = " ".join(str(error).split())
        return [], [Problem("environment", f"making {name} failed: {type(error).__name__}: {words}")]
    if "environment" not in kinds_for(model_class):  # it sees and does there what it likes
        notes = [note for note in notes if note not in environment.notes]
    return notes, [Problem("environment", problem)] if problem else misfits


def idle_problems(model_class: Any, name: str, given: dict[str, Any], varied: Set[str]) -> list[Problem]:
    """Hyperparameters that do nothing in an environment, as far as the model's class can tell.

    Args:
      model_class: its `idle_hyperparameter`, a class method, gets the names of the environment and of a hyperparameter
        and answers with one line or None.
      name: the environment's, as resolved.
      given: those of the model file; what is null, false or 0 is not asked for.
      varied: those that a study sets.
    """
    why_idle = getattr(model_class, "idle_hyperparameter", lambda *_: None)
    asked = [*(f"hp_params.{key}" for key, value in given.items() if value), *(f"grid.{key}" for key in sorted(varied))]
    reasons = {path: why_idle(name, path.partition(".")[2]) for path in asked}
    return [Problem(path, reason) for path, reason in reasons.items() if reason]


def fill_hyperparameters(
    model_class: Any, given: dict[str, Any], varied: Set[str]
) -> tuple[dict[str, Any], list[Problem]]:
    """The hyperparameters with the model's defaults filled in, and mistakes."""
    table = table_for(model_class, without(given, varied))
    if table is None:
        return given, []
    if varied:
        _, problems = check_fields(table, given, "hp_params", varied)
    else:
        _, problems = check_record(table, given, "hp_params")
    defaults = {key: declared.default for key, declared in declarations(table).items()}
    return {name: value for name, value in {**defaults, **given}.items() if value not in (REQUIRED, ABSENT)}, problems


def as_model(name: str, model_class: Any) -> type[Any]:
    """What a model file's `class` names, once it is known to keep the contract.

    Args:
      name: as the user wrote it.
      model_class: the object of that name.

    Raises:
      ConfigError: it is no class, or lacks a method that every model needs.
    """
    if not inspect.isclass(model_class):
        raise ConfigError([Problem("class", f"{name} is not a class")])
    abstract: frozenset[str] = getattr(model_class, "__abstractmethods__", frozenset())
    missing = [method for method in CONTRACT if not callable(getattr(model_class, method, None))]
    missing += sorted(abstract - set(missing))
    if not is_table(getattr(model_class, "hyperparameters", None)):
        rule = "must be a dataclass whose fields are made with rliable.schema.setting, or None"
        raise ConfigError([Problem("class", f"{name}.hyperparameters {rule}")])
    if missing:
        words = [f"{name} lacks the method {method!r}, which every model needs" for method in missing]
        raise ConfigError([Problem("class", line) for line in words])
    kinds = kinds_for(model_class)
    if not isinstance(kinds, tuple | list) or not kinds or not all(kind in DATA_KINDS for kind in kinds):
        raise ConfigError([Problem("class", f"{name}.learns_from must be one or more of {', '.join(DATA_KINDS)}")])
    return model_class


def is_table(hyperparameters: Any) -> bool:
    """Tells whether a class attribute `hyperparameters` is what the contract asks for."""
    if hyperparameters is None:
        return True
    if not (isinstance(hyperparameters, type) and dataclasses.is_dataclass(hyperparameters)):
        return False
    return all(isinstance(field.metadata.get("rule"), Rule) for field in dataclasses.fields(hyperparameters))
