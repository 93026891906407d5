"""Every knob of the agents with continuous actions does something."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rliable.environments.pendulum import Pendulum
from rliable.registry import MODELS
from rliable.schema import check_record
from rliable.training.arrays import by_path
from rliable.training.loop import Call
from rliable.training.run import Run, to_arrays

NAMES = ("DDPG", "SAC", "TD3")
#: Where every knob can be seen; those that may be null are set, so that changing them compiles nothing.
BASE = {"train_iterations": 12, "collect_steps_per_iteration": 2, "initial_collect_steps": 40, "batch_size": 16}
BASE |= {"fc_layer_params": [12], "replay_buffer_max_length": 90, "noise": "ou", "noise_std": 0.3}
BASE |= {
    "learning_rate_end": 0.0005,
    "gradient_clipping": 100.0,
    "actor_learning_rate": 0.002,
    "target_entropy": -1.0,
    "alpha": None,
}
CHANGES = {
    "train_iterations": 11,
    "collect_steps_per_iteration": 3,
    "learning_rate": 0.01,
    "learning_rate_end": 0.0,
    "adam_epsilon": 1e-3,
    "gradient_clipping": 0.05,
    "gamma": 0.5,
    "fc_layer_params": [13],
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
#: What only says how a training is watched or stepped and where, what sees images; and what belongs to the loop, and
#: compiles.
OTHERS = {
    "device",
    "env_step_timeout_seconds",
    "env_workers",
    "network",
    "num_environments",
    "num_eval_episodes",
    "num_test_episodes",
    "eval_interval",
    "log_interval",
    "checkpoint_interval_steps",
}


def learned(name: str, **hp_params: Any) -> dict[str, bytes]:
    """What a short run leaves, without evaluations: they would only take time."""
    model_class = MODELS.load(name)
    known = {field.name for field in dataclasses.fields(model_class.hyperparameters)}
    params = {key: value for key, value in (BASE | hp_params).items() if key in known}
    values, problems = check_record(model_class.hyperparameters, params)
    assert problems == []
    run = Run(model_class.agent, Pendulum(), values, seed=5, num_rows=10)
    values = run.values
    state = run.program(run.environment).loop.initial_state(values, run._seeds, 1)
    state, _ = run._run(state, Call(0, 1, values.warm_up_steps, 0))
    state, _ = run._run(state, Call(0, values.train_iterations, values.collect_steps_per_iteration, values.train_steps))
    return {path: array.tobytes() for path, array in by_path(to_arrays(state.parts)).items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_hyperparameter_changes_what_is_learned(name: str) -> None:
    before = learned(name)
    knobs = {field.name for field in dataclasses.fields(MODELS.load(name).hyperparameters)} - OTHERS
    assert knobs <= set(CHANGES)
    assert [knob for knob in sorted(knobs) if learned(name, **{knob: CHANGES[knob]}) == before] == []
