"""Reads study files and model files, and checks everything before anything runs."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path
from typing import Any

from rliable.environments import resolve_environment
from rliable.json_files import apply_override, load_json
from rliable.model_classes import load_class
from rliable.samplers import SAMPLERS, sampler_problems
from rliable.schema import REQUIRED, ConfigError, Rule, check_record, check_value, describe, has_type, nearest, setting
from rliable.search_space import Choice, SearchSpace, parse_search_space
from rliable.trial import Limits, ModelConfig


@dataclasses.dataclass(frozen=True)
class MetricConfig:
    """What is optimised."""

    name: str = setting(REQUIRED, "Which of the figures that the model reports is optimised.")
    criteria: str = setting(REQUIRED, "Whether more or less of it is better.", choices=("max", "min"))


@dataclasses.dataclass(frozen=True)
class StudyConfig:
    """A study file: one search."""

    config: str = setting(REQUIRED, "The model file: which model is tuned.")
    optim_name: str = setting(REQUIRED, "The study's name; its default folder is runs/<optim_name>-<time>.")
    num_workers: int = setting(REQUIRED, "Slots of the parallel modes.", low=1)
    grid: dict[str, Any] = setting(REQUIRED, "The search space: a list, a range or a value per hyperparameter.")
    metric: MetricConfig = setting(REQUIRED, "What is optimised, and in which direction.")
    max_iters: int = setting(REQUIRED, "How many trials the study has in total.", unit="trials", low=1)
    convergence: float | None = setting(
        REQUIRED,
        "Stop when the best value improves by no more than this over `patience` trials; null never stops.",
        low=0,
    )
    patience: int = setting(5, "How many trials the best value may take to improve.", unit="trials", low=1)
    seed: int | None = setting(None, "Decides every random choice; drawn, printed and recorded when null.", low=0)
    seeds_per_trial: int = setting(1, "Runs per trial, each with its own seed; the metric is their mean.", low=1)
    sampler: str = setting("random", "How trials are chosen.", choices=tuple(SAMPLERS))
    sampler_options: dict[str, Any] = setting({}, "Arguments of Optuna's sampler of that name.")
    trial_timeout_seconds: float | None = setting(None, "A run that takes longer fails.", unit="seconds", above=0)
    max_trial_memory_mb: int | None = setting(None, "A run whose process uses more fails.", unit="MB", low=1)
    max_attempts: int = setting(3, "How often a run is started when its process dies.", low=1)
    threads_per_trial: int = setting(1, "Cores that a run computes with.", unit="cores", low=1)


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A model file, before its names are resolved; `class` is no Python name, hence `class_name`."""

    class_name: str = setting(REQUIRED, "A registered model, or package.module:Class.")
    environment: str = setting(REQUIRED, "An environment's name, or a JSON-lines or CSV file.")
    mdl_file: str = setting(REQUIRED, "The folder that train.py saves to, with the time appended.")
    hp_params: dict[str, Any] = setting(REQUIRED, "Hyperparameters by name.")
    data: str = setting("environment", "How the model gets its data.", choices=("environment", "rdd"))


@dataclasses.dataclass(frozen=True)
class Study:
    """A checked study: nothing that it names is missing.

    Attributes:
      config: the study file with defaults filled in.
      model: the model file with defaults filled in.
      space: the search space.
      notes: what was understood differently from how it was written, one line each.
    """

    config: StudyConfig
    model: ModelConfig
    space: SearchSpace
    notes: tuple[str, ...] = ()

    @property
    def num_trials(self) -> int:
        """How many trials run unless the study converges: a grid ends when it is used up."""
        size = self.space.size if self.config.sampler == "grid" else None
        return self.config.max_iters if size is None else min(self.config.max_iters, size)

    @property
    def limits(self) -> Limits:
        """What each run may use."""
        study = self.config
        timeout, memory = study.trial_timeout_seconds, study.max_trial_memory_mb
        return Limits(study.threads_per_trial, timeout, memory, study.max_attempts)


def load_study(path: str, overrides: dict[str, Any] | None = None) -> Study:
    """Reads a study file and the model file that it names.

    Args:
      path: the study file.
      overrides: values by key path ("grid.batch_size"), which replace those of the file.

    Raises:
      ConfigError: with every mistake of both files.
    """
    data = load_json(path)
    for key, value in (overrides or {}).items():
        data = apply_override(data, key, value)
    config, problems = check_record(StudyConfig, data)
    model_path = data.get("config") if isinstance(data, dict) else None
    model, model_error = None, None
    if isinstance(model_path, str):
        try:
            model = load_json(find_file(model_path, path))
        except ConfigError as error:
            model_error = error
    if problems or model_error:
        space_problems = parse_search_space(data["grid"])[1] if has_grid(data) else []
        raise ConfigError(
            [f"{path}: {line}" for line in problems + space_problems] + getattr(model_error, "problems", [])
        )
    return check_study(config, model, path, model_path or "")


def has_grid(data: Any) -> bool:
    """Tells whether a parsed study file has a search space that can be looked at."""
    return isinstance(data, dict) and isinstance(data.get("grid"), dict)


def check_study(config: StudyConfig, model_data: Any, path: str, model_path: str) -> Study:
    """Checks what a study file means, given that each of its keys is well formed.

    Raises:
      ConfigError: with every mistake.
    """
    space, problems = parse_search_space(config.grid)
    problems += name_problems(config.optim_name)
    problems += sampler_problems(config.sampler, config.sampler_options, space)
    model, notes, model_problems = check_model(model_data, varied=set(config.grid))
    if model is not None:
        model_class = load_class(model.class_name)
        problems += grid_problems(config.grid, space, model_class.hyperparameters if has_table(model_class) else None)
        problems += metric_problems(config.metric.name, model_class)
    lines = [f"{path}: {line}" for line in problems] + [f"{model_path}: {line}" for line in model_problems]
    if lines or model is None:
        raise ConfigError(lines)
    return Study(config, model, space, tuple(notes))


def load_model_file(path: str, overrides: dict[str, Any] | None = None) -> tuple[ModelConfig, list[str]]:
    """Reads a model file.

    Returns:
      The model with defaults filled in, and notes for the user.

    Raises:
      ConfigError: with every mistake.
    """
    data = load_json(path)
    for key, value in (overrides or {}).items():
        data = apply_override(data, key, value)
    model, notes, problems = check_model(data)
    if model is None:
        raise ConfigError([f"{path}: {line}" for line in problems])
    return model, notes


def check_model(data: Any, varied: set[str] = frozenset()) -> tuple[ModelConfig | None, list[str], list[str]]:  # type: ignore[assignment]
    """Checks a model file's content.

    Args:
      data: the parsed file.
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
    environment, environment_problem = resolve_environment(file.environment)
    if environment_problem:
        problems.append(f"environment: {environment_problem}")
    try:
        model_class = load_class(file.class_name)
    except ConfigError as error:
        return None, [], problems + error.problems
    hp_params, found = fill_hyperparameters(model_class, file.hp_params, varied)
    problems += found
    if problems:
        return None, [], problems
    notes = [f"environment {file.environment!r} is {environment}"] if environment != file.environment else []
    return ModelConfig(file.class_name, environment, file.mdl_file, hp_params, file.data), notes, []


def fill_hyperparameters(model_class: Any, given: dict[str, Any], varied: set[str]) -> tuple[dict[str, Any], list[str]]:
    """The hyperparameters with the model's defaults filled in, and one line per mistake."""
    if not has_table(model_class):
        return given, []
    table = model_class.hyperparameters
    _, problems = check_record(table, given, "hp_params")
    problems = [line for line in problems if not is_excused(line, varied)]
    defaults = {field.name: default_of(field) for field in dataclasses.fields(table)}
    return {name: value for name, value in {**defaults, **given}.items() if value is not REQUIRED}, problems


def is_excused(line: str, varied: set[str]) -> bool:
    """Tells whether a mistake is only that the model file leaves out what the study sets."""
    return any(line.startswith(f"hp_params.{name}: missing") for name in varied)


def default_of(field: dataclasses.Field[Any]) -> Any:
    """A settings field's default; `REQUIRED` when it has none."""
    return field.default if field.default_factory is REQUIRED else field.default_factory()


def has_table(model_class: Any) -> bool:
    """Tells whether a model declares its hyperparameters, so that they can be checked."""
    return getattr(model_class, "hyperparameters", None) is not None


def grid_problems(grid: dict[str, Any], space: SearchSpace, table: Any) -> list[str]:
    """Checks every value that the search space can give against the model's own rules."""
    if table is None:
        return []
    fields = {field.name: field for field in dataclasses.fields(table)}
    hints = typing.get_type_hints(table)
    problems = [f"grid.{name}: unknown hyperparameter{nearest(name, fields)}" for name in grid if name not in fields]
    for name in [name for name in grid if name in fields and (name in space.varied or name in space.fixed)]:
        for place, value in sample_values(name, grid[name]):
            problems += check_value_in_grid(value, hints[name], fields[name].metadata["rule"], place)
    return problems


def sample_values(name: str, entry: Any) -> list[tuple[str, Any]]:
    """The values of a grid entry that decide whether all are allowed: all of a list, the ends of a range."""
    if isinstance(entry, list):
        return [(f"grid.{name}[{i}]", value) for i, value in enumerate(entry)]
    if not isinstance(entry, dict):
        return [(f"grid.{name}", entry)]
    space, _ = parse_search_space({name: entry})
    parameter = space.varied.get(name)
    is_integer = parameter is not None and not isinstance(parameter, Choice) and parameter.is_integer
    return [(f"grid.{name}.{end}", entry[end] if is_integer else float(entry[end])) for end in ("min", "max")]


def check_value_in_grid(value: Any, hint: Any, rule: Rule, place: str) -> list[str]:
    """Like `check_value`; a range of real numbers for a whole-number hyperparameter gets its own words."""
    if (
        isinstance(value, float)
        and place.endswith((".min", ".max"))
        and not has_type(value, hint)
        and has_type(1, hint)
    ):
        return [f"{place}: this range gives real numbers, but a whole number is needed; write both ends and step whole"]
    return check_value(value, hint, rule, place)


def metric_problems(name: str, model_class: Any) -> list[str]:
    """Checks that the model reports the metric, where it says what it reports."""
    known = getattr(model_class, "metrics", ())
    return [f"metric.name: unknown {name!r}{nearest(name, known)}"] if known and name not in known else []


def name_problems(name: str) -> list[str]:
    """Checks that a study's name can be part of a folder's name."""
    if name.strip() and not set(name) & set('/\\:*?"<>|\n\t\0') and not name.startswith("."):
        return []
    return [f"optim_name: {describe(name)} cannot be a folder's name; use letters, digits, '-' and '_'"]


def find_file(name: str, beside: str) -> str:
    """A file named in another one: seen from the working folder, else from the other file's folder.

    Raises:
      ConfigError: it is in neither.
    """
    for candidate in (Path(name), Path(beside).parent / name, Path(beside).parent.parent / name):
        if candidate.is_file():
            return str(candidate)
    raise ConfigError([f"{beside}: config: no such file {name!r}"])
