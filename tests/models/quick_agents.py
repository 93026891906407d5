"""Every registered agent, with settings that make a training quick; for the tests that hold for all of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rliable.environments import ENVIRONMENTS, load_data
from rliable.registry import MODELS
from rliable.training.arrays import by_path
from rliable.training.model import AgentModel

NAMES = [name for name in sorted(MODELS.table) if issubclass(MODELS.load(name), AgentModel)]

QUICK = {
    "train_iterations": 30,
    "collect_steps_per_iteration": 16,
    "num_environments": 2,
    "initial_collect_steps": 40,
    "replay_buffer_max_length": 300,
    "batch_size": 16,
    "num_epochs": 2,
    "fc_layer_params": [12],
    "num_eval_episodes": 3,
    "num_test_episodes": 11,
    "eval_interval": 12,
    "log_interval": 5,
}


#: What follows an agent's name where it is to act in an environment outside the graph.
ON_HOST = " on the host"
HOST_ENVIRONMENTS = ("gymnasium:CartPole-v1", "gymnasium:Pendulum-v1")


def environment_for(model_class: type[AgentModel], environments: Iterable[str]) -> str:
    """The first environment that an agent can act in."""
    return next(env for env in environments if model_class.environment_problem(load_data(env)) is None)


def make_agent(called: str, folder: Path, seed: int = 5, **hp_params: Any) -> AgentModel:
    """A model that was not trained yet, by its name, which `ON_HOST` may follow."""
    name = called.removesuffix(ON_HOST)
    environments = sorted(ENVIRONMENTS) if name == called else HOST_ENVIRONMENTS
    model_class = MODELS.load(name)
    known = {field.name for field in dataclasses.fields(model_class.hyperparameters)}
    params = {key: value for key, value in (QUICK | hp_params).items() if key in known}
    cfg = {
        "class": name,
        "environment": environment_for(model_class, environments),
        "mdl_file": str(folder),
        "hp_params": params,
    }
    model: AgentModel = model_class(None, {**cfg, "seed": seed})
    return model


def train(model: AgentModel) -> AgentModel:
    """Trains a model where it belongs."""
    environment = load_data(model.cfg["environment"])
    model.train(environment, environment)
    return model


def digest(model: AgentModel) -> str:
    """All that a run leaves, in few letters: its parts, its curve, the returns of its test episodes."""
    returns, _ = model.evaluate(load_data(model.cfg["environment"]))
    words = hashlib.sha256(json.dumps([returns, model.learning_curve]).encode())
    for path, array in sorted(by_path(model._run.parts).items()):
        words.update(path.encode() + array.tobytes())
    return words.hexdigest()
