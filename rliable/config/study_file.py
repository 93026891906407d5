"""Reads study files: what is searched, checked with the model file before anything runs."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, Literal

from rliable.config.claims import metrics_for, table_for, without
from rliable.config.clashes import clash_problems, misfit_problems
from rliable.config.given import base_of, given_problems
from rliable.config.grid import grid_problems, whole_range_notes
from rliable.config.json_file import JsonError, apply_overrides, load_json
from rliable.config.model_file import (
    check_model,
    find_model_class,
    given_hyperparameters,
    named_files,
    written_names,
)
from rliable.config.search_space import SearchSpace, parse_search_space
from rliable.metrics import OVER_SEEDS
from rliable.registry import SAMPLERS, find_file
from rliable.schema import REQUIRED, ConfigError, Problem, check_record, describe, nearest, setting
from rliable.unit import Limits, ModelConfig

MAX_SEED = 2**63 - 1
#: Where the file does not say how many slots there will be.
LAG_ON_ANY_CLUSTER = 7
#: Of a study's name, with room for the time behind it.
MAX_FOLDER_BYTES = 200


@dataclasses.dataclass(frozen=True)
class MetricConfig:
    """What is optimised."""

    name: str = setting(REQUIRED, "Which of the figures that the model reports is optimised.")
    criteria: str = setting(REQUIRED, "Whether more or less of it is better.", choices=("max", "min"))
    over_seeds: str = setting("mean", "What counts over a trial's runs; `min` is the worst.", choices=tuple(OVER_SEEDS))


@dataclasses.dataclass(frozen=True)
class StudyConfig:
    """A study file: one search."""

    config: str = setting(REQUIRED, "The model file: which model is tuned.")
    optim_name: str = setting(REQUIRED, "The study's name; its default folder is runs/<optim_name>-<time>.")
    num_workers: int | Literal["auto"] = setting(
        REQUIRED, 'Slots of the parallel modes; "auto" for as many as the cluster has.', low=1
    )
    grid: dict[str, Any] = setting(REQUIRED, "The search space: a list, a range or a value per hyperparameter.")
    metric: MetricConfig = setting(REQUIRED, "What is optimised, and in which direction.")
    max_iters: int = setting(REQUIRED, "How many trials the study has in total.", unit="trials", low=1)
    convergence: float | None = setting(
        REQUIRED,
        "Stop when the best value improves by no more than this over `patience` trials; null never stops.",
        low=0,
    )
    patience: int = setting(5, "How many trials the best value may take to improve.", unit="trials", low=1)
    target: float | None = setting(None, "Stop with the first trial that is as good; null never stops.")
    seed: int | None = setting(
        None, "Decides every random choice; drawn, printed and recorded when null.", low=0, high=MAX_SEED
    )
    seeds_per_trial: int = setting(
        1, "Runs per trial, each with its own seed; `metric.over_seeds` says what counts.", low=1
    )
    sampler: str = setting("random", "How trials are chosen: a sampler's name, package.module:Class or file.py:Class.")
    sampler_options: dict[str, Any] = setting({}, "Arguments of Optuna's sampler of that name.")
    include_base: bool = setting(False, "Whether the model file's own values are the first trial.")
    enqueue: list[dict[str, Any]] | None = setting(
        None, "Configurations to try first; what one does not name is drawn."
    )
    lag: int | None = setting(
        None,
        "A sampler that learns does without the results of the last `lag` trials; null for num_workers - 1.",
        unit="trials",
        low=0,
    )
    trial_timeout_seconds: float | None = setting(None, "A run that takes longer fails.", unit="seconds", above=0)
    study_timeout_seconds: float | None = setting(
        None, "The study ends when searches have worked on it for so long.", unit="seconds", above=0
    )
    max_trial_memory_mb: int | None = setting(None, "A run whose process uses more fails.", unit="MB", low=1)
    max_attempts: int = setting(3, "How often a run is started when its process dies.", low=1)
    threads_per_trial: int = setting(1, "Cores that a run computes with.", unit="cores", low=1)
    gpus_per_trial: float | None = setting(
        None, "GPUs that a run sees: a whole number, or a fraction to share one; null hides none.", unit="GPUs", above=0
    )
    max_training_slots: int | None = setting(
        None, "How many slots train at the same time, helpers included; null for all.", unit="slots", low=1
    )
    max_evaluation_slots: int | None = setting(
        None, "How many slots play test episodes of others' runs at the same time; null for all.", unit="slots", low=1
    )

    def problems(self) -> list[Problem]:
        """What is wrong with values that are right by their types."""
        gpus = self.gpus_per_trial or 1.0
        is_wrong = gpus > 1 and gpus % 1
        return [Problem("gpus_per_trial", f"{gpus:g} is neither whole nor below 1")] if is_wrong else []


@dataclasses.dataclass(frozen=True)
class Study:
    """A checked study: nothing that it names is missing.

    Attributes:
      config: the study file with defaults filled in.
      model: the model file with defaults filled in.
      space: the search space.
      notes: what was understood differently from how it was written, one line each.
      files: the files of data and code that it names, as found -> as written.
    """

    config: StudyConfig
    model: ModelConfig
    space: SearchSpace
    notes: tuple[str, ...] = ()
    files: dict[str, str] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def num_trials(self) -> int:
        """How many trials run unless the study converges: a grid ends when it is used up."""
        size = self.space.size if SAMPLERS.load(self.config.sampler).ends_with_space else None
        return self.config.max_iters if size is None else min(self.config.max_iters, size + len(self.given))

    @functools.cached_property
    def given(self) -> list[dict[str, Any]]:
        """What the first trials are to be, by number: values of some or all of the parameters that vary."""
        base = [base_of(self.model.hp_params, self.space)] if self.config.include_base else []
        return base + (self.config.enqueue or [])

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
    data = apply_overrides(load_json(path), overrides)
    name = data.get("config") if isinstance(data, dict) else None
    if not isinstance(name, str):
        return check_study(data, path, None, "")
    model_path = find_file(name, path)
    if model_path is None:
        return check_study(data, path, None, "", [f"{path}: config: no such file {name!r}"])
    try:
        return check_study(data, path, load_json(model_path), model_path)
    except JsonError as error:
        return check_study(data, path, None, "", error.problems)


def check_study(data: Any, path: str, model_data: Any, model_path: str, model_problems: Sequence[str] = ()) -> Study:
    """Checks a study, given as parsed JSON.

    Args:
      data: the study file's content.
      path: its name, for errors.
      model_data: the model file's content, None when it could not be read.
      model_path: its name.
      model_problems: why it could not be read.

    Raises:
      ConfigError: with every mistake of both.
    """
    config, problems = check_record(StudyConfig, data)
    keys = data if isinstance(data, dict) else {}
    grid = keys["grid"] if isinstance(keys.get("grid"), dict) else {}
    space, found = parse_search_space(grid)
    is_read = model_data is not None
    model, notes, lines = (
        check_model(model_data, model_path, set(grid) - set(space.conditions)) if is_read else (None, [], [])
    )
    model_class = class_of(model_data, model_path)
    given = without(given_hyperparameters(model_data), set(grid))
    table = table_for(model_class, given)
    problems += found + meaning_problems(keys, path, space, table)
    problems += metric_problems(keys.get("metric"), metrics_for(model_class, given))
    model_lines = [*model_problems, *(placed_line(line, path, model_path) for line in lines)]
    if problems or model_lines or model is None or config is None:
        raise ConfigError([f"{path}: {line}" for line in problems] + model_lines)
    clashes = clash_problems(table, model.hp_params, space) or misfit_problems(model, space)
    unfit = given_problems(config, model.hp_params, space)
    if clashes or unfit:
        own = [f"{path}: {problem}" for problem in unfit]
        raise ConfigError([*own, *(placed_line(problem, path, model_path) for problem in clashes)])
    sampler = SAMPLERS.find(config.sampler, path)
    files = named_files({sampler: config.sampler, **written_names(model, model_data)})
    notes = [*notes, *whole_range_notes(space, table)]
    config = dataclasses.replace(config, sampler=sampler, lag=lag_of(config, sampler))
    return Study(config, model, space, tuple(notes), files)


def lag_of(config: StudyConfig, sampler: str) -> int | None:
    """The `lag` of a study: as many trials as may run beside the one that is chosen; None where none is waited for."""
    if not SAMPLERS.load(sampler).uses_results:
        return None
    return first_lag(config.num_workers) if config.lag is None else config.lag


def first_lag(num_workers: Any) -> int:
    """The `lag` of a study that does not say: as many trials as run beside another one."""
    return num_workers - 1 if isinstance(num_workers, int) else LAG_ON_ANY_CLUSTER


def placed_line(problem: Problem, path: str, model_path: str) -> str:
    """A mistake with the file in which it stands: the study's or the model's."""
    return f"{path if problem.path.startswith('grid.') else model_path}: {problem}"


def meaning_problems(keys: dict[str, Any], path: str, space: SearchSpace, table: Any) -> list[Problem]:
    """Checks what well-formed keys of a study mean together; malformed ones have their own lines already."""
    problems = name_problems(keys["optim_name"]) if isinstance(keys.get("optim_name"), str) else []
    options, sampler = keys.get("sampler_options", {}), keys.get("sampler", "random")
    if isinstance(sampler, str) and isinstance(options, dict):
        problems += sampler_problems(sampler, options, space, path)
    return problems + grid_problems(keys.get("grid", {}), space, table)


def sampler_problems(
    name: str, options: dict[str, Any], space: SearchSpace, beside: str | None = None
) -> list[Problem]:
    """What is wrong with the `sampler` and `sampler_options` of a study that stands in the file `beside`."""
    try:
        problems: list[Problem] = SAMPLERS.load(SAMPLERS.find(name, beside)).problems(name, options, space)
    except ConfigError as error:
        return error.found
    return problems


def class_of(model_data: Any, path: str) -> Any:
    """The class that a model file names, None when there is no such class; check_model says why."""
    is_named = isinstance(model_data, dict) and isinstance(model_data.get("class"), str)
    return find_model_class(model_data["class"], path)[1] if is_named else None


def metric_problems(metric: Any, known: Sequence[str]) -> list[Problem]:
    """Checks that the model reports the metric, where it says what it reports."""
    name = metric.get("name") if isinstance(metric, dict) else None
    is_unknown = isinstance(name, str) and known and name not in known
    return [Problem("metric.name", f"unknown {name!r}{nearest(name, known)}")] if is_unknown else []


def name_problems(name: str) -> list[Problem]:
    """Checks that a study's name can be part of a folder's name."""
    is_plain = name.isprintable() and not set(name) & set('/\\:*?"<>|') and not name.startswith(".")
    if name.strip() and is_plain and len(name.encode()) <= MAX_FOLDER_BYTES:
        return []
    return [Problem("optim_name", f"{describe(name)} cannot be a folder's name; use letters, digits, '-' and '_'")]
