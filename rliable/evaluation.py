"""Evaluates trained models again: the same test episodes, or others, or another environment."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from models.episodic_model import EpisodicModel
from rliable.environments import ENVIRONMENTS, resolve_environment
from rliable.json_files import load_json
from rliable.metrics import interquartile_mean, iqm_interval
from rliable.schema import ConfigError
from rliable.study_folder import RunFolder
from rliable.threads import limit_threads
from rliable.trial import ModelConfig
from rliable.worker import make_model, open_data, play_slice


@dataclasses.dataclass(frozen=True)
class SavedRun:
    """A trained model on disk.

    Attributes:
      folder: what train.py or a trial's run left.
      model: what was trained.
      seed: of the run; it decides the test episodes.
      threads: cores that it was computed with.
      num_episodes: test episodes of the recorded evaluation; None for a model without episodes.
      metrics: as recorded.
    """

    folder: Path
    model: ModelConfig
    seed: int
    threads: int
    num_episodes: int | None
    metrics: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
      metrics: what the model reports, by name.
      returns: of each episode, empty for a model without episodes.
    """

    metrics: dict[str, float]
    returns: list[float]


def find_runs(path: str) -> list[SavedRun]:
    """The trained models in a folder: one that train.py left, or the runs of a trial.

    Raises:
      ConfigError: there are none, or they failed.
    """
    folder = Path(path)
    candidates = [folder] if RunFolder(folder).model_json.is_file() else sorted(folder.glob("run_*"))
    runs = [load_run(candidate) for candidate in candidates if RunFolder(candidate).model_json.is_file()]
    if not runs:
        raise ConfigError([f"--model {path}: no trained model here (model.json is missing); try a study's best/"])
    return runs


def load_run(folder: Path) -> SavedRun:
    """Reads a run's model.json.

    Raises:
      ConfigError: it is not JSON, or the run failed.
    """
    data = load_json(str(RunFolder(folder).model_json))
    if data.get("metrics") is None:
        raise ConfigError([f"{folder}: this run failed and left no model; see {RunFolder(folder).error_txt.name}"])
    model = ModelConfig(data["class"], data["environment"], str(folder), data["hp_params"], data["data"])
    return SavedRun(folder, model, data["seed"], data["threads"], data["num_test_episodes"], data["metrics"])


def with_environment(run: SavedRun, name: str | None) -> SavedRun:
    """The same model on another environment; on the recorded one when None.

    Raises:
      ConfigError: there is no such environment or file, or it is data where the model wants an environment.
    """
    recorded = run.model.environment
    resolved, problem = resolve_environment(name or recorded)
    if problem:
        raise ConfigError([f"--env: {problem}"])
    if (resolved in ENVIRONMENTS) != (recorded in ENVIRONMENTS):
        raise ConfigError([f"--env: {name!r} does not go with a model of {recorded!r}: one is data, one is not"])
    return dataclasses.replace(run, model=dataclasses.replace(run.model, environment=resolved))


def evaluate_run(run: SavedRun, num_episodes: int | None, seed: int | None, sc: Any = None) -> Evaluation:
    """Loads a trained model and evaluates it.

    Args:
      run: the model; its seed decides the test episodes unless `seed` is given.
      num_episodes: how many episodes; as recorded when None.
      seed: of the test episodes.
      sc: the SparkContext for models with `data: rdd`.

    Raises:
      ConfigError: a number of episodes was given for a model without episodes.
    """
    limit_threads(run.threads)
    model = make_model(run.model, run.seed if seed is None else seed, str(run.folder), sc, run.threads)
    model.load_model()
    data = open_data(run.model, sc)
    if isinstance(model, EpisodicModel):
        parts = model.slices(num_episodes or run.num_episodes)
        return Evaluation({}, [value for part in parts for value in play_slice(model, data, part, "driver").returns])
    if num_episodes is not None:
        raise ConfigError([f"--episodes: {run.model.class_name} is evaluated on data and has no episodes"])
    _, metrics = model.evaluate(data)
    return Evaluation({name: float(value) for name, value in metrics.items()}, [])


def return_statistics(returns: list[float], seed: int) -> dict[str, Any]:
    """Mean, standard deviation (divided by N), interquartile mean and its 95 % bootstrap interval."""
    values = np.asarray(returns)
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "iqm": interquartile_mean(values),
        "iqm_95": list(iqm_interval(returns, seed)),
    }
