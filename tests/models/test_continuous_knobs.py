"""Every knob of the agents with continuous actions does something."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from rliable.registry import MODELS
from rliable.training.arrays import by_path
from tests.models.quick_agents import make_agent, train

NAMES = ("DDPG", "SAC", "TD3")
#: Where every knob can be seen; those that may be null are set, so that changing them compiles nothing.
BASE = {"train_iterations": 12, "collect_steps_per_iteration": 2, "initial_collect_steps": 40, "batch_size": 16}
BASE |= {"fc_layer_params": [12], "replay_buffer_max_length": 90, "noise": "ou", "noise_std": 0.3}
BASE |= {"gradient_clipping": 100.0, "actor_learning_rate": 0.002, "target_entropy": -1.0, "alpha": None}
CHANGES = {
    "train_iterations": 11,
    "collect_steps_per_iteration": 3,
    "num_environments": 1,
    "learning_rate": 0.01,
    "adam_epsilon": 1e-3,
    "gradient_clipping": 0.05,
    "gamma": 0.5,
    "fc_layer_params": [12, 6],
    "activation": "tanh",
    "train_steps_per_iteration": 2,
    "initial_collect_steps": 20,
    "replay_buffer_max_length": 30,
    "batch_size": 8,
    "n_step": 3,
    "target_update_period": 3,
    "target_update_tau": 0.5,
    "actor_learning_rate": 0.01,
    "noise": "normal",
    "noise_std": 0.1,
    "ou_theta": 5.0,
    "ou_time_step": 0.5,
    "policy_delay": 3,
    "target_noise_std": 0.9,
    "target_noise_clip": 0.05,
    "alpha": 0.2,
    "initial_alpha": 0.3,
    "target_entropy": 1.0,
}
#: What only says how a training is watched.
WATCHING = {"num_eval_episodes", "num_test_episodes", "eval_interval", "log_interval", "checkpoint_interval_steps"}


def learned(name: str, folder: Path, **hp_params: Any) -> dict[str, bytes]:
    model = train(make_agent(name, folder, **BASE | {"num_eval_episodes": 1, "eval_interval": 1000} | hp_params))
    return {path: array.tobytes() for path, array in by_path(model._run.parts).items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_hyperparameter_changes_what_is_learned(name: str, tmp_path: Path) -> None:
    before = learned(name, tmp_path)
    knobs = {field.name for field in dataclasses.fields(MODELS.load(name).hyperparameters)} - WATCHING
    assert knobs <= set(CHANGES)
    assert [knob for knob in sorted(knobs) if learned(name, tmp_path, **{knob: CHANGES[knob]}) == before] == []
