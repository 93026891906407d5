"""study.json: the study as run. Written once, read on resume."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

from rliable.config.json_file import apply_overrides
from rliable.config.study_file import Study, check_study, first_lag
from rliable.model import BaseModel
from rliable.records.encoding import load_record_file, stamped, to_json
from rliable.records.folders import StudyFolder
from rliable.records.places import Places, find_again, places_of
from rliable.records.provenance import git_commit, machine, package_versions
from rliable.records.results import StudyRecord
from rliable.records.trust import check_trust, names_to_trust
from rliable.records.writing import write_atomically
from rliable.registry import MODELS
from rliable.schema import ConfigError

#: What may be changed on resume: how far and with what means, never what the trials are or what decides them.
CHANGEABLE = (
    "max_attempts",
    "max_evaluation_slots",
    "max_iters",
    "max_training_slots",
    "max_trial_memory_mb",
    "num_workers",
    "study_timeout_seconds",
    "trial_timeout_seconds",
)


@dataclasses.dataclass(frozen=True)
class SavedStudy:
    """The content of study.json.

    Attributes:
      study, model: the study file and the model file as run.
      files: the files that they name -> where to look for each again.
      model_versions: the versions of the model that searches have worked with, `BaseModel.version`, latest last.
      versions: of Python and the packages that a result depends on.
      git_commit: of the source tree.
      machine: the processor and the operating system.
      created: when, as ISO 8601.
    """

    study: dict[str, Any]
    model: dict[str, Any]
    files: dict[str, Places] = dataclasses.field(default_factory=dict)
    model_versions: list[str] = dataclasses.field(default_factory=lambda: ["1"])
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    git_commit: str | None = None
    machine: dict[str, str | int] = dataclasses.field(default_factory=dict)
    created: str = ""


def save_study(folder: StudyFolder, study: Study, seed: int) -> None:
    """Writes the study as run: defaults filled in, the seed, where its files lie, versions and commit."""
    model = {"class": study.model.class_name, **dataclasses.asdict(study.model)}
    del model["class_name"]
    saved = SavedStudy(
        study={**dataclasses.asdict(study.config), "seed": seed},
        model=model,
        files=places_of(study.files, folder.path),
        model_versions=[version_of(study.model.class_name)],
        versions=package_versions(),
        git_commit=git_commit(),
        machine=machine(),
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    )
    write_saved_study(folder, saved)


def write_saved_study(folder: StudyFolder, saved: SavedStudy) -> None:
    """Writes study.json."""
    write_atomically(folder.study_json, to_json(stamped(saved), indent=2) + "\n")


def load_saved_study(
    folder: StudyFolder, overrides: dict[str, Any], across_versions: bool = False, trusted: Sequence[str] = ()
) -> tuple[Study, int]:
    """Reads a study back to continue it.

    Args:
      folder: the study's folder.
      overrides: values by key path; only `CHANGEABLE` ones may be others than before, and are then saved.
      across_versions: whether to go on where the model has become another since; that is then saved as well.
      trusted: names of code that may be run though it is not found from the working folder.

    Returns:
      The study and its seed.

    Raises:
      ConfigError: a change would make other trials, what the study names is gone or not to be trusted, or its model
        has become another.
    """
    saved = load_record_file(folder.study_json, SavedStudy, "the study.json of a study")
    first = {"lag": first_lag(saved.study.get("num_workers"))}  # of studies older than it, whatever is changed now
    saved = dataclasses.replace(saved, study={**first, **saved.study})
    given = [key for key in overrides if key.partition(".")[0] not in CHANGEABLE]
    fixed = [key for key in given if apply_overrides(saved.study, {key: overrides[key]}) != saved.study]
    if fixed:
        allowed = ", ".join(CHANGEABLE)
        raise ConfigError([f"{key}: cannot be changed on --resume; these can: {allowed}" for key in fixed])
    data = apply_overrides(saved.study, overrides)
    place = str(folder.study_json)
    found, model = (find_again(record, saved.files, folder.path) for record in (data, saved.model))
    check_trust({**found, **model}, folder.path, trusted)
    study = check_study(found, f"{place}: study", model, f"{place}: model")
    before = saved.study.get("max_iters")
    if isinstance(before, int) and study.config.max_iters < before:
        raise ConfigError(
            [f"max_iters: {study.config.max_iters} is below the study's {before}; on --resume it can only grow"]
        )
    if study.config.seed is None:
        raise ConfigError([f"{folder.study_json}: study.seed: missing; it decides what the trials are"])
    versions = continued_versions(saved.model_versions, study.model.class_name, across_versions)
    if overrides or versions != saved.model_versions:
        write_saved_study(folder, dataclasses.replace(saved, study=data, model_versions=versions))
    return study, study.config.seed


def names_to_trust_in(folder: StudyFolder) -> tuple[str, ...]:
    """What has to follow `--trust` for a study to be continued, or its runs to be loaded; may import what it names.

    Raises:
      ConfigError: its study.json is not that of a study.
    """
    saved = load_record_file(folder.study_json, SavedStudy, "the study.json of a study")
    found, model = (find_again(record, saved.files, folder.path) for record in (saved.study, saved.model))
    return tuple(names_to_trust({**found, **model}, folder.path))


def version_of(class_name: str) -> str:
    """The version of a model; that of a class which is no `BaseModel` is that of one which does not say."""
    return str(getattr(MODELS.load(class_name), "version", BaseModel.version))


def continued_versions(before: list[str], class_name: str, across_versions: bool) -> list[str]:
    """The versions of its model that a study has been searched with, once it is continued.

    Raises:
      ConfigError: the model has become another, and this was not wished.
    """
    version = version_of(class_name)
    if version == before[-1]:
        return before
    if not across_versions:
        change = f"{class_name} was version {before[-1]} when this study was begun and is version {version} now"
        cure = "the same seeds give other results; --across-versions goes on nevertheless, and records it"
        raise ConfigError([f"--resume: {change}: {cure}"])
    return [*before, version]


def planned_record(folder: StudyFolder) -> StudyRecord:
    """The record of a study that has not written one yet; imports nothing that the study names.

    Raises:
      ConfigError: its study.json is not that of a study.
    """
    saved = load_record_file(folder.study_json, SavedStudy, "the study.json of a study")
    try:
        study, metric = saved.study, saved.study["metric"]
        facts = {key: study[key] for key in ("optim_name", "seed", "sampler", "max_iters")}
        goal = {"metric_name": metric["name"], "criteria": metric["criteria"], "search_space": study["grid"]}
        goal |= {"over_seeds": metric.get("over_seeds", "mean")}
        goal |= {"num_given": bool(study.get("include_base")) + len(study.get("enqueue") or ())}
    except (KeyError, TypeError) as error:
        raise ConfigError([f"{folder.study_json}: not the study.json of a study"]) from error
    return StudyRecord(**facts, **goal, started=folder.study_json.stat().st_mtime)
