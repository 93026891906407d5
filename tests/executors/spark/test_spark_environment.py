"""An environment and a wrapper in files of the user's, stepped in executors that have nothing but what was shipped."""

import dataclasses
import sys

import pytest
from unit_makers import all_facts

from rliable.config.environment import classes_of, resolve_environment
from rliable.executors.base import ExecutorOptions
from rliable.executors.in_process import InProcessExecutor
from rliable.executors.spark.executor import SparkExecutor
from rliable.unit import Limits, ModelConfig, Unit

WORLD = """
import gymnasium
from shipped_parts import LENGTH

class Line(gymnasium.Env):
    observation_space = gymnasium.spaces.Discrete(LENGTH + 1)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, prize: float = 1.0):
        self.prize = prize

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0
        return self.place, {}

    def step(self, action):
        self.place = max(self.place + (1 if self.np_random.random() < 0.7 else -1), 0)
        return self.place, self.prize - 0.01 * self.place, self.place == LENGTH, False, {}
"""
WRAPPER = """
import gymnasium
from shipped_parts import LENGTH

class Longer(gymnasium.RewardWrapper):
    def __init__(self, env, times=1):
        super().__init__(env)
        self.times = times

    def reward(self, reward):
        return reward * LENGTH * self.times
"""
WALKER = """
import json
from pathlib import Path

import numpy as np

from rliable.environments.workers import Stepping, make_instances
from rliable.model import EpisodicModel

class Goer(EpisodicModel):
    learns_from = ("environment",)
    num_test_episodes = 25

    def train(self, data, *args):
        pass

    def run_episodes(self, data, episodes):
        stepping = Stepping(self.cfg["hp_params"]["env_workers"])
        instances = make_instances(data, len(episodes), False, stepping)
        playing, returns = list(range(len(episodes))), np.zeros(len(episodes))
        instances.reset(playing, [self.cfg["seed"] + episode for episode in episodes])
        while playing:
            stepped = instances.step(playing, np.ones(len(playing), np.int32))
            returns[playing] += stepped.reward
            playing = [row for row, is_over in zip(playing, stepped.is_boundary) if not is_over]
        instances.close()
        return returns.tolist()

    def predict(self, data):
        return 1

    def save(self):
        Path(self.cfg["mdl_file"], "nothing.json").write_text(json.dumps({}))

    def load_model(self):
        pass
"""


@pytest.fixture
def model(tmp_path):
    """A model, its environment and its wrapper in files outside the repository, with a file beside them."""
    texts = {"world": WORLD, "goer": WALKER, "wrapper": WRAPPER, "parts": "LENGTH = 6\n"}
    for name, text in texts.items():
        (tmp_path / f"shipped_{name}.py").write_text(text)
    wrappers = [{"time_limit": {"steps": 40}}, {f"{tmp_path}/shipped_wrapper.py:Longer": {"times": 2}}]
    environment = resolve_environment("shipped_world.py:Line", beside=str(tmp_path / "study.json"))
    yield ModelConfig(
        f"{tmp_path}/shipped_goer.py:Goer", environment, "", {"env_workers": 0}, "environment", {"prize": 2.0}, wrappers
    )
    for name in texts:
        sys.modules.pop(f"shipped_{name}", None)


@pytest.mark.parametrize("env_workers", [0, 2])
def test_ones_own_environment_and_wrapper_are_shipped_with_what_they_import_from_beside_them(
    cluster_spark, model, env_workers
):
    here = [Unit(trial, 0, model, 100 + trial, Limits()) for trial in range(3)]
    there = dataclasses.replace(model, hp_params={"env_workers": env_workers})
    units = [dataclasses.replace(unit, model=there) for unit in here]
    options = ExecutorOptions(class_names=classes_of(model), num_workers=2, level=2)
    executor = SparkExecutor(options, cluster_spark)
    try:
        shipped = list(executor.execute(iter(units)))
    finally:
        executor.close()
    assert [result.error for result in shipped] == [None] * 3
    assert all_facts(shipped) == all_facts(InProcessExecutor(ExecutorOptions()).execute(iter(here)))
    assert shipped[0].metrics["reward"] > 60  # twelve times what the environment gives
