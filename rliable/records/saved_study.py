"""study.json: the study as run. Written once, read on resume."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from rliable.config.json_file import apply_overrides, load_json
from rliable.config.study_file import Study, check_study
from rliable.records.encoding import to_json, write_atomically
from rliable.records.folders import StudyFolder
from rliable.records.provenance import git_commit, machine, package_versions
from rliable.schema import ConfigError

#: What may be changed on resume: how far and with what means, never what the trials are or what decides them.
CHANGEABLE = ("max_attempts", "max_iters", "max_trial_memory_mb", "num_workers", "trial_timeout_seconds")


def save_study(folder: StudyFolder, study: Study, seed: int) -> None:
    """Writes the study as run: defaults filled in, the seed, versions and commit."""
    model = {"class": study.model.class_name, **dataclasses.asdict(study.model)}
    del model["class_name"]
    content = {
        "study": {**dataclasses.asdict(study.config), "seed": seed},
        "model": model,
        "versions": package_versions(),
        "git_commit": git_commit(),
        "machine": machine(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    write_atomically(folder.study_json, to_json(content, indent=2) + "\n")


def load_saved_study(folder: StudyFolder, overrides: dict[str, Any]) -> tuple[Study, int]:
    """Reads a study back to continue it.

    Args:
      folder: the study's folder.
      overrides: changes by key path; only `CHANGEABLE` ones, which are then saved.

    Returns:
      The study and its seed.

    Raises:
      ConfigError: a change would make other trials, or what the study names is gone.
    """
    content = load_json(str(folder.study_json))
    if not (isinstance(content, dict) and {"study", "model"} <= set(content) and "seed" in content["study"]):
        raise ConfigError([f"{folder.study_json}: not the study.json of a study"])
    fixed = [key for key in overrides if key.partition(".")[0] not in CHANGEABLE]
    if fixed:
        allowed = ", ".join(CHANGEABLE)
        raise ConfigError([f"{key}: cannot be changed on --resume; these can: {allowed}" for key in fixed])
    data = apply_overrides(content["study"], overrides)
    study = check_study(data, f"{folder.study_json}: study", content["model"], f"{folder.study_json}: model")
    before = content["study"]["max_iters"]
    if study.config.max_iters < before:
        raise ConfigError(
            [f"max_iters: {study.config.max_iters} is below the study's {before}; on --resume it can only grow"]
        )
    if overrides:
        write_atomically(folder.study_json, to_json({**content, "study": data}, indent=2) + "\n")
    return study, int(data["seed"])
