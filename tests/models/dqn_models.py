"""Small DQN models for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.dqn import DQN
from rliable.environments import load_data
from rliable.training.arrays import by_path

SMALL = {"train_iterations": 300, "batch_size": 16, "qnet_fc_hidden_size": 12, "num_eval_episodes": 12}
SMALL |= {"replay_buffer_max_length": 500, "initial_collect_steps": 100, "eval_interval": 200, "log_interval": 100}


def make_dqn(folder: Path, seed: int = 5, environment: str = "CartPole-v0", **hp_params: Any) -> DQN:
    """A model that was not trained yet."""
    params = SMALL | hp_params
    cfg = {"class": "DQN", "environment": environment, "mdl_file": str(folder), "hp_params": params, "seed": seed}
    return DQN(None, cfg)


def trained_dqn(folder: Path, seed: int = 5, environment: str = "CartPole-v0", **hp_params: Any) -> DQN:
    """A trained model."""
    model = make_dqn(folder, seed, environment, **hp_params)
    model.train(load_data(environment), load_data(environment))
    return model


def parts_of(model: DQN) -> dict[str, bytes]:
    """All arrays of a trained model, by path: network, target, optimizer."""
    return {path: array.tobytes() for path, array in by_path(model._run.parts).items()}
