"""Films of trained policies: the test episodes of a run, played once more and drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from rliable.executors.worker import make_model, open_data
from rliable.model import EpisodicModel
from rliable.records.run_files import SavedRun
from rliable.registry import MODELS
from rliable.threads import limit_threads
from rliable.unit import ModelConfig


def lack_of_film(config: ModelConfig) -> str | None:
    """Why a model cannot be filmed in its environment, in one line; None if it can. Loads no trained model."""
    model_class = MODELS.load(config.class_name)
    if not (isinstance(model_class, type) and issubclass(model_class, EpisodicModel)):
        return f"{config.class_name} has no episodes"
    return model_class.lack_of_pictures(open_data(config))


def film_run(run: SavedRun, seed: int | None, num_episodes: int) -> tuple[float, Iterator[Any]]:
    """Loads a trained model in which nothing is lacking for it, and plays its first test episodes.

    Args:
      run: the model.
      seed: of the test episodes; the run's when None.
      num_episodes: how many.

    Returns:
      Pictures per second, and the pictures: uint8 [height, width, 3].
    """
    limit_threads(run.threads)
    chosen = run.seed if seed is None else seed
    model: Any = make_model(run.model, chosen, str(run.model_folder), threads=run.threads)
    model.load_model()
    data = open_data(run.model)
    frame_rate, first = model.draw_episode(data, 0)
    others = (model.draw_episode(data, episode)[1] for episode in range(1, num_episodes))
    return frame_rate, itertools.chain(first, itertools.chain.from_iterable(others))
