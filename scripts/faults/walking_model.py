"""A model for `fault_injection.py`: a slow random walk that reports, keeps checkpoints and plays episodes.

Where the hyperparameter `env_workers` is 1, its steps come from an environment in a process of its own.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import gym
import numpy as np

from rliable.config.constants import make_environment
from rliable.environments.workers import Stepping, make_instances
from rliable.model import EpisodicModel, RunPaused
from rliable.seeding import derive_seed

CHECKPOINT_STEPS = 5


class Wind(gym.Env):
    """Each episode begins with another gust."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (1,), np.float64)
    action_space = gym.spaces.Discrete(1)

    def reset(self, seed: int | None = None) -> Any:
        return np.random.default_rng(seed).standard_normal(1)

    def step(self, action: Any) -> Any:
        return np.zeros(1), 0.0, True, {}


class Walk(EpisodicModel):
    """Walks `steps` steps of `x` times a normal number, which takes `seconds` each; episodes begin where it ends."""

    EPISODES_PER_SLICE = 5
    num_test_episodes = 20
    _step, _place = 0, 0.0

    def train(self, data: Any, *args: Any) -> None:
        params, wind = self.cfg["hp_params"], None
        if params["env_workers"]:
            wind = make_instances(make_environment(f"{__file__}:Wind", {}, []), 1, True, Stepping(1))
        while self._step < params["steps"]:
            time.sleep(params["seconds"])
            self._step += 1
            seed = derive_seed(self.cfg["seed"], "step", self._step) % 2**31
            gust = self._draw("step", self._step) if wind is None else wind.reset([0], [seed])[0][0][0]
            self._place += params["x"] * float(gust)
            self._tell()

    def _tell(self) -> None:
        """Reports, and keeps a checkpoint where one is due or asked for."""
        files = {"state": json.dumps([self._step, self._place]).encode()}
        try:
            self.report(self._step, average_return=self._place)
        except RunPaused:
            self.keep_checkpoint(files)
            raise
        if self._step % CHECKPOINT_STEPS == 0:
            self.keep_checkpoint(files)

    def restore(self, files: dict[str, bytes]) -> None:
        self._step, self._place = json.loads(files["state"])

    def run_episodes(self, data: Any, episodes: range) -> list[float]:
        time.sleep(self.cfg["hp_params"]["seconds"])
        return [self._place + self._draw("episode", episode) for episode in episodes]

    def predict(self, data: Any) -> Any:
        return self._place

    def save(self) -> None:
        Path(self.cfg["mdl_file"], "place.json").write_text(json.dumps(self._place))

    def load_model(self) -> None:
        self._place = json.loads(Path(self.cfg["mdl_file"], "place.json").read_text())

    def _draw(self, purpose: str, number: int) -> float:
        seed = derive_seed(self.cfg["seed"], purpose, number)
        return float(np.random.default_rng(seed).standard_normal())
