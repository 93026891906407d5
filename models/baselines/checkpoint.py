"""All that an algorithm needs to go on in another process, as files: itself, its replay buffer, its normaliser."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from models.baselines.objects import algorithm_class
from models.baselines.trained import MODEL_FILE, NORMALISER_FILE, Trained

REPLAY_FILE = "replay_buffer.pkl"


def to_checkpoint(trained: Trained) -> dict[str, bytes]:
    """The files of a checkpoint."""
    model = io.BytesIO()
    trained.algorithm.save(model)
    files = {MODEL_FILE: model.getvalue()}
    if trained.normaliser is not None:
        files[NORMALISER_FILE] = pickle.dumps(trained.normaliser)
    replay = getattr(trained.algorithm, "replay_buffer", None)
    return files if replay is None else {**files, REPLAY_FILE: pickle.dumps(shortened_buffer(replay))}


def from_checkpoint(files: dict[str, bytes], algorithm: str, environments: VecEnv, device: str) -> Trained:
    """The algorithm of a checkpoint, which goes on with the beginning of an episode in each environment.

    Args:
      files: of the checkpoint.
      algorithm: its name.
      environments: new ones, not normalised.
      device: where it is to compute.
    """
    normaliser = None
    if NORMALISER_FILE in files:
        normaliser = pickle.loads(files[NORMALISER_FILE])
        normaliser.set_venv(environments)
    around = normaliser or environments
    loaded = algorithm_class(algorithm).load(io.BytesIO(files[MODEL_FILE]), env=around, device=device)
    if REPLAY_FILE in files:
        loaded.load_replay_buffer(io.BytesIO(files[REPLAY_FILE]))
        change_arrays(loaded.replay_buffer, lambda array: lengthened(array, loaded.replay_buffer.buffer_size))
    return Trained(loaded, normaliser)


def shortened_buffer(buffer: Any) -> Any:
    """A copy of a replay buffer without the rows that nothing has been written to."""
    short = copy.copy(buffer)
    if not buffer.full:  # the row after the last may hold the observation that followed
        size = buffer.buffer_size
        change_arrays(short, lambda array: array[: buffer.pos + 1] if len(array) == size else array)
    return short


def lengthened(array: np.ndarray, size: int) -> np.ndarray:
    """An array of the length that it had."""
    whole = np.zeros((size, *array.shape[1:]), array.dtype)
    whole[: len(array)] = array
    return whole


def change_arrays(buffer: Any, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Replaces the arrays of a replay buffer, also those that it keeps by name, that have rows."""
    for name, value in vars(buffer).items():
        if isinstance(value, np.ndarray) and value.ndim > 1:
            setattr(buffer, name, change(value))
        elif isinstance(value, dict) and value and all(isinstance(part, np.ndarray) for part in value.values()):
            setattr(buffer, name, {key: change(part) for key, part in value.items()})
