"""Agents that see images: every kind of agent learns, exactly, goes on from checkpoints, and is exported."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.trajectories import time_step

from rliable.config.model_file import check_model
from rliable.environments import load_data
from rliable.model import RunPaused
from rliable.registry import MODELS
from rliable.training.model import AgentModel
from rliable.unit import Answer
from tests.models.quick_agents import QUICK, digest

IMAGES = "tests/environments/image_environments.py"
SEEN_BY = {"DQN": "stacked_catch", "C51": "CatchImage", "PPO": "stacked_catch", "SAC": "steered_catch"}
BRIEF = {"train_iterations": 3, "fc_layer_params": [16], "eval_interval": 2, "log_interval": 1, "num_eval_episodes": 2}


def make_agent(name: str, folder: Path, **hp_params: Any) -> AgentModel:
    """An agent that was not trained yet."""
    known = {field.name for field in dataclasses.fields(MODELS.load(name).hyperparameters)}
    params = {key: value for key, value in (QUICK | BRIEF | hp_params).items() if key in known}
    cfg = {"class": name, "environment": f"{IMAGES}:{SEEN_BY[name]}", "mdl_file": str(folder), "hp_params": params}
    model: AgentModel = MODELS.load(name)(None, {**cfg, "seed": 5})
    return model


def train(model: AgentModel) -> AgentModel:
    environment = load_data(model.cfg["environment"])
    model.train(environment, environment)
    return model


@pytest.mark.parametrize("name", SEEN_BY)
def test_a_run_goes_on_from_a_checkpoint_to_the_same_bits(name: str, tmp_path: Path) -> None:
    whole = digest(train(make_agent(name, tmp_path)))
    paused, kept = make_agent(name, tmp_path), []
    paused.on_checkpoint = kept.append
    paused.on_report = lambda row: Answer.PAUSE if row["step"] else Answer.GO_ON
    with pytest.raises(RunPaused):
        train(paused)
    rest = make_agent(name, tmp_path)
    rest.restore(kept[-1])
    rest.learning_curve = list(paused.learning_curve)
    assert digest(train(rest)) == whole


@pytest.mark.parametrize("network", ["mlp", "impala_cnn", "tests/training/networks/own_network.py:BrightRows"])
def test_any_network_can_see_for_an_agent(network: str, tmp_path: Path) -> None:
    model = train(make_agent("DQN", tmp_path, network=network))
    assert len(model.evaluate(load_data(model.cfg["environment"]))[0]) == QUICK["num_test_episodes"]


def test_the_exported_policy_and_predict_take_bytes(tmp_path: Path) -> None:
    model = train(make_agent("DQN", tmp_path))
    model.save()
    images = np.random.default_rng(1).integers(256, size=(3, 40, 40, 4)).astype(np.uint8)
    policy = tf.saved_model.load(str(tmp_path / "policy"))
    exported = policy.action(time_step.restart(tf.constant(images), batch_size=3)).action
    assert np.array_equal(exported, model.predict(images))


@pytest.mark.parametrize(
    ("hp_params", "line"),
    [
        ({"normalize_observations": True}, "hp_params.normalize_observations: is for numbers, and"),
        ({"network": "natur_cnn"}, "hp_params.network: unknown network 'natur_cnn'; did you mean 'nature_cnn'?"),
    ],
)
def test_what_does_not_fit_images_is_one_line(hp_params: dict[str, Any], line: str) -> None:
    file = {"class": "PPO", "environment": f"{IMAGES}:CatchImage", "mdl_file": "x"}
    _, _, problems = check_model({**file, "hp_params": {"train_iterations": 1, **hp_params}}, "model.json")
    assert [str(problem)[: len(line)] for problem in problems] == [line]


def test_convolutions_do_not_see_numbers() -> None:
    file = {"class": "DQN", "environment": "CartPole-v1", "mdl_file": "x"}
    file["hp_params"] = {"train_iterations": 1, "network": "nature_cnn"}
    _, _, problems = check_model(file, "model.json")
    assert [str(problem) for problem in problems] == [
        "hp_params.network: NatureCNN needs images; CartPole-v1 shows 4 numbers (mlp sees those)"
    ]
