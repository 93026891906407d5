"""Reads model files: which model, trained on what, with which hyperparameters."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Set
from pathlib import Path
from typing import Any

from rliable.config.json_file import apply_overrides, find_file, load_json
from rliable.config.rows import ROW_SUFFIXES, load_rows
from rliable.model import CONTRACT
from rliable.registry import ENVIRONMENTS, MODELS
from rliable.schema import REQUIRED, ConfigError, Rule, check_record, nearest, setting
from rliable.unit import ModelConfig


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A model file, before its names are resolved; `class` is no Python name, hence `class_name`."""

    class_name: str = setting(REQUIRED, "A registered model, or package.module:Class.")
    environment: str = setting(REQUIRED, "An environment's name, or a JSON-lines or CSV file.")
    mdl_file: str = setting(REQUIRED, "The folder that train.py saves to, with the time appended.")
    hp_params: dict[str, Any] = setting(REQUIRED, "Hyperparameters by name.")
    data: str = setting("environment", "How the model gets its data.", choices=("environment", "rdd"))


def load_model_file(path: str, overrides: dict[str, Any] | None = None) -> tuple[ModelConfig, list[str]]:
    """Reads a model file.

    Returns:
      The model with defaults filled in, and notes for the user.

    Raises:
      ConfigError: with every mistake.
    """
    data = apply_overrides(load_json(path), overrides)
    model, notes, problems = check_model(data, path)
    if model is None:
        raise ConfigError([f"{path}: {line}" for line in problems])
    return model, notes


def check_model(
    data: Any, path: str, varied: Set[str] = frozenset()
) -> tuple[ModelConfig | None, list[str], list[str]]:
    """Checks a model file's content.

    Args:
      data: the parsed file.
      path: its name; a data file may be named relative to it.
      varied: hyperparameters that a study sets, which the file therefore may leave out.

    Returns:
      The model (None with mistakes), notes, and mistakes.
    """
    keys = (
        {"class_name" if key == "class" else key: value for key, value in data.items()}
        if isinstance(data, dict)
        else data
    )
    file, problems = check_record(ModelFile, keys)
    problems = [line.replace("class_name", "class") for line in problems]
    if file is None:
        return None, [], problems
    environment, environment_problem = resolve_environment(file.environment, path)
    if environment_problem is None and environment not in ENVIRONMENTS:
        environment_problem = rows_problem(environment)
    if environment_problem:
        problems.append(f"environment: {environment_problem}")
    if file.data == "rdd" and environment in ENVIRONMENTS:
        problems.append(f"data: 'rdd' is for rows of a file, and {environment} is an environment")
    try:
        model_class = MODELS.load(file.class_name)
    except ConfigError as error:
        return None, [], problems + error.problems
    hp_params, found = fill_hyperparameters(model_class, file.hp_params, varied)
    problems += found
    if problems:
        return None, [], problems
    is_other_case = environment in ENVIRONMENTS and environment != file.environment
    notes = [f"environment {file.environment!r} is {environment}"] if is_other_case else []
    return ModelConfig(file.class_name, environment, file.mdl_file, hp_params, file.data), notes, []


def rows_problem(path: str) -> str | None:
    """What is wrong with a file of rows, or None."""
    try:
        return None if load_rows(path) else f"{path} has no rows"
    except (ValueError, OSError) as error:
        return str(error)


def fill_hyperparameters(model_class: Any, given: dict[str, Any], varied: Set[str]) -> tuple[dict[str, Any], list[str]]:
    """The hyperparameters with the model's defaults filled in, and one line per mistake."""
    if not has_table(model_class):
        return given, []
    table = model_class.hyperparameters
    _, problems = check_record(table, given, "hp_params")
    problems = [line for line in problems if not is_excused(line, varied)]
    defaults = {field.name: default_of(field) for field in dataclasses.fields(table)}
    return {name: value for name, value in {**defaults, **given}.items() if value is not REQUIRED}, problems


def is_excused(line: str, varied: Set[str]) -> bool:
    """Tells whether a mistake is only that the model file leaves out what the study sets."""
    return any(line.startswith(f"hp_params.{name}: missing") for name in varied)


def default_of(field: dataclasses.Field[Any]) -> Any:
    """A settings field's default; `REQUIRED` when it has none."""
    return field.default if field.default_factory is REQUIRED else field.default_factory()


def has_table(model_class: Any) -> bool:
    """Tells whether a model declares its hyperparameters, so that they can be checked."""
    return getattr(model_class, "hyperparameters", None) is not None


def as_model(name: str, model_class: Any) -> type[Any]:
    """What a model file's `class` names, once it is known to keep the contract.

    Args:
      name: as the user wrote it.
      model_class: the object of that name.

    Raises:
      ConfigError: it is no class, or lacks a method that every model needs.
    """
    if not inspect.isclass(model_class):
        raise ConfigError([f"class: {name} is not a class"])
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


def resolve_environment(name: str, beside: str | None = None) -> tuple[str, str | None]:
    """Finds what the `environment` of a model file stands for.

    Args:
      name: an environment's name in any case, or the path of a JSON-lines or CSV file.
      beside: the file that names it; a path may be relative to it as well as to the working folder.

    Returns:
      The registered name or the absolute path, and None; or the name as it is, and what is wrong with it.
    """
    by_lower_case = {known.lower(): known for known in ENVIRONMENTS.table}
    if name.lower() in by_lower_case:
        return by_lower_case[name.lower()], None
    if Path(name).suffix.lower() in ROW_SUFFIXES:
        found = find_file(name, beside)
        return (name, f"no such file {name!r}") if found is None else (str(Path(found).absolute()), None)
    files = ", ".join(ROW_SUFFIXES)
    return name, f"unknown environment {name!r}{nearest(name, ENVIRONMENTS.table)}; or a file ending in {files}"
