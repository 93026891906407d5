"""Small on-policy models for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rliable.environments import load_data
from rliable.training.arrays import by_path
from rliable.training.model import AgentModel

SMALL = {"train_iterations": 20, "collect_steps_per_iteration": 16, "num_environments": 2, "batch_size": 16}
SMALL |= {"fc_layer_params": [12], "num_eval_episodes": 2, "eval_interval": 100, "learning_rate": 3e-3, "num_epochs": 2}


def trained(model_class: type[AgentModel], folder: Path, environment: str, seed: int = 5, **hp_params: Any) -> Any:
    """A trained model."""
    cfg = {"class": model_class.__name__, "environment": environment, "mdl_file": str(folder), "seed": seed}
    model = model_class(None, {**cfg, "hp_params": SMALL | hp_params})
    model.train(load_data(environment), load_data(environment))
    return model


def learned(model: Any) -> dict[str, bytes]:
    """What a run has learned, bit by bit."""
    return {path: array.tobytes() for path, array in by_path(model._run.parts).items()}


#: Changes of each knob that on-policy agents share, from SMALL and the defaults.
SHARED_KNOBS = [
    {"gamma": 0.5},
    {"learning_rate": 1e-2},
    {"learning_rate_end": 0.0},
    {"adam_epsilon": 1e-2},
    {"gradient_clipping": 0.05},
    {"value_loss_weight": 2.0},
    {"entropy_weight": 0.1},
    {"normalize_advantage": False},
    {"normalize_observations": True},
    {"normalize_rewards": True},
    {"orthogonal_weights": False},
    {"num_epochs": 3},
    {"batch_size": 8},
    {"collect_steps_per_iteration": 32},
    {"num_environments": 4},
    {"fc_layer_params": [13]},
    {"activation": "relu"},
    {"train_iterations": 19},
    {"log_std_init": -1.0},
]
