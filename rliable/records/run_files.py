"""The files of a run, as it leaves them in its folder."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from rliable.folder_files import write_files
from rliable.records.encoding import FORMAT, load_record_file, to_json
from rliable.records.folders import RunFolder, run_folders
from rliable.records.learning_curve import write_learning_curve
from rliable.records.places import Places, find_again, places_of
from rliable.records.trust import check_trust
from rliable.records.writing import write_atomically
from rliable.registry import file_in
from rliable.schema import ConfigError
from rliable.unit import ModelConfig, UnitResult, wrapper_name


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True, rename={"class_name": "class"}):
    """The content of model.json: what evaluate.py needs to do the final evaluation again.

    Attributes:
      format: of the file.
      class_name, environment, hp_params, data, environment_kwargs, wrappers: the model file as run.
      files: the files that it names -> where to look for each again.
      seed: of the run.
      threads: cores that it was computed with.
      num_test_episodes: of the final evaluation; None for a model without episodes.
      metrics: as reported; None when the run failed or was stopped.
    """

    format: int = 1
    class_name: str
    environment: str
    hp_params: dict[str, Any]
    data: str
    files: dict[str, Places] = {}
    seed: int
    threads: int
    num_test_episodes: int | None
    metrics: dict[str, float | None] | None
    environment_kwargs: dict[str, Any] = {}
    wrappers: list[Any] = []


def write_run(
    folder: RunFolder, model: ModelConfig, threads: int, result: UnitResult, files: dict[str, str] | None = None
) -> None:
    """Writes a finished run: its model, configuration, returns, curve and, if it failed, its traceback.

    Args:
      folder: the run's folder; made if it is not there.
      model: what was run.
      threads: on how many cores.
      result: what came of it.
      files: the files that it, or its study, names, as found -> as written.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    if result.metrics is not None:
        folder.model.mkdir(exist_ok=True)  # also for a model that saves nothing
    write_files(folder.model, result.files)
    if result.learning_curve:
        write_learning_curve(folder.path, result.learning_curve)
    write_predictions(folder, result)
    if result.error is not None:
        folder.error_txt.write_text(result.traceback or result.error + "\n", encoding="utf-8")
    its_own = [file_in(name) for name in (model.class_name, model.environment, *map(wrapper_name, model.wrappers))]
    places = places_of({name: written for name, written in (files or {}).items() if name in its_own}, folder.path)
    write_atomically(folder.model_json, to_json(model_record(model, threads, result, places), indent=2) + "\n")


def model_record(model: ModelConfig, threads: int, result: UnitResult, places: dict[str, Places]) -> ModelRecord:
    """The content of a finished run's model.json."""
    return ModelRecord(
        format=FORMAT,
        class_name=model.class_name,
        environment=model.environment,
        hp_params=model.hp_params,
        data=model.data,
        files=places,
        seed=result.seed,
        threads=threads,
        num_test_episodes=len(result.predictions) if result.slices else None,
        metrics=result.metrics,
        environment_kwargs=model.environment_kwargs,
        wrappers=model.wrappers,
    )


def write_predictions(folder: RunFolder, result: UnitResult) -> None:
    """Writes the returns of an agent's test episodes, or the predictions of a model without episodes."""
    if result.slices:
        with folder.returns_csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["episode", "return", "slot", "pid"])
            for part in result.slices:
                for episode, episode_return in enumerate(part.returns, part.first):
                    writer.writerow([episode, episode_return, part.slot, part.pid])
    elif result.predictions:
        predictions = {"format": FORMAT, "predictions": result.predictions}
        folder.predictions_json.write_text(to_json(predictions) + "\n", encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class SavedRun:
    """A trained model on disk.

    Attributes:
      folder: what train.py or a trial's run left.
      model_folder: where the model itself lies.
      model: what was trained.
      seed: of the run; it decides the test episodes.
      threads: cores that it was computed with.
      num_episodes: test episodes of the recorded evaluation; None for a model without episodes.
      metrics: as recorded.
    """

    folder: Path
    model_folder: Path
    model: ModelConfig
    seed: int
    threads: int
    num_episodes: int | None
    metrics: dict[str, float | None]


def find_runs(path: str, trusted: Sequence[str] = ()) -> list[SavedRun]:
    """The trained models in a folder: one that train.py left, or the runs of a trial.

    Args:
      path: the folder.
      trusted: as of `load_run`.

    Raises:
      ConfigError: there are none, or they failed, or they would run code that is not to be trusted.
    """
    folder = Path(path)
    candidates = [RunFolder(folder)] if RunFolder(folder).model_json.is_file() else run_folders(folder)
    runs = [load_run(candidate, trusted) for candidate in candidates if candidate.model_json.is_file()]
    if not runs:
        raise ConfigError([f"--model {path}: no trained model here (model.json is missing); try a study's best/"])
    return runs


def load_run(folder: RunFolder, trusted: Sequence[str] = ()) -> SavedRun:
    """Reads a run's model.json.

    Args:
      folder: the run's.
      trusted: names of code that may be run though it is not found from the working folder.

    Raises:
      ConfigError: it is damaged, the run failed or was stopped, or it names code that is not to be trusted.
    """
    saved = load_record_file(folder.model_json, ModelRecord, "the record of a trained model")
    if saved.metrics is None:
        end = f"failed and left no model; see {folder.error_txt.name}"
        raise ConfigError([f"{folder.path}: this run {end if folder.error_txt.exists() else 'was stopped'}"])
    names: dict[str, Any] = {"class": saved.class_name, "environment": saved.environment, "wrappers": saved.wrappers}
    names = find_again(names, saved.files, folder.path.resolve())  # a study's `best` is a link
    check_trust({**names, "hp_params": saved.hp_params}, folder.path, trusted)
    return SavedRun(
        folder=folder.path,
        model_folder=folder.path if saved.format == 1 else folder.model,  # version 0.1 kept it beside the rest
        model=ModelConfig(
            names["class"],
            names["environment"],
            str(folder.path),
            saved.hp_params,
            saved.data,
            saved.environment_kwargs,
            names["wrappers"],
        ),
        seed=saved.seed,
        threads=saved.threads,
        num_episodes=saved.num_test_episodes,
        metrics=saved.metrics,
    )
