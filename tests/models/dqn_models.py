"""Small DQN models for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.dqn import DQN
from rliable.environments import load_data

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


def everything(model: DQN) -> tuple[list[dict[str, float]], list[float], list[bytes]]:
    """All that a run leaves: its curve, the returns of its test episodes, its variables."""
    returns, _ = model.evaluate(load_data("CartPole-v0"))
    return model.learning_curve, returns, [array.tobytes() for array in model._run.trained]
