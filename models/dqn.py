"""DQN: learns the value of each action from replayed experience.

V. Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015),
https://doi.org/10.1038/nature14236; with the options of H. van Hasselt, A. Guez, D. Silver, "Deep reinforcement
learning with double Q-learning", AAAI 2016, https://arxiv.org/abs/1509.06461 (`double`), and of multi-step returns as
in M. Hessel et al., "Rainbow", AAAI 2018, https://arxiv.org/abs/1710.02298 (`n_step`). The agent is TF-Agents'; its
training loop is compiled. TensorFlow is imported by the first call of a method, never by importing this module.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rliable.environments import load_data
from rliable.environments.runtime import prepare_tensorflow
from rliable.model import EpisodicModel
from rliable.schema import REQUIRED, ConfigError, check_record, setting

if TYPE_CHECKING:
    from rliable.training.dqn_run import DQNRun


@dataclasses.dataclass(frozen=True)
class DQNHyperparameters:
    """What `hp_params` may hold."""

    train_iterations: int = setting(REQUIRED, "How long to train.", unit="iterations", low=1, high=10**9)
    collect_steps_per_iteration: int = setting(
        1, "Steps taken in each iteration, before its updates.", unit="environment steps", low=1, high=10**6
    )
    train_steps_per_iteration: int = setting(1, "Updates made in each iteration.", unit="updates", low=1, high=10**6)
    initial_collect_steps: int = setting(
        1000, "Random steps taken before the first update.", unit="environment steps", low=0, high=10**8
    )
    replay_buffer_max_length: int = setting(
        100_000, "How many of the latest transitions are kept for replay.", unit="transitions", low=1, high=10**7
    )
    batch_size: int = setting(64, "Transitions replayed in one update.", unit="transitions", low=1, high=65536)
    learning_rate: float = setting(1e-3, "Step size of the Adam optimizer.", above=0, high=1)
    qnet_fc_hidden_size: int = setting(
        100, "Width of the one hidden layer; unused where fc_layer_params is set.", unit="units", low=1, high=16384
    )
    fc_layer_params: list[int] | None = setting(
        None, "Widths of the hidden layers; null for one of qnet_fc_hidden_size.", unit="units", low=1, high=16384
    )
    gamma: float = setting(0.99, "Discount factor: what a reward is worth one step later.", low=0, high=1)
    n_step: int = setting(
        1, "Rewards summed up before bootstrapping from the target network.", unit="environment steps", low=1, high=64
    )
    double: bool = setting(False, "Whether the online network chooses the next action (Double DQN).")
    loss: str = setting(
        "mse",
        "Loss of the temporal-difference error: squared (mse), or huber, linear beyond 1.",
        choices=("huber", "mse"),
    )
    gradient_clipping: float | None = setting(
        None, "Largest norm of the gradient of each weight tensor; null for no limit.", above=0
    )
    target_update_period: int = setting(
        100, "How often the target network follows the online network.", unit="updates", low=1, high=10**9
    )
    target_update_tau: float = setting(
        1.0, "Fraction of the way it goes each time; 1 copies the online network.", above=0, high=1
    )
    epsilon_start: float = setting(1.0, "Probability of a random action after the initial steps.", low=0, high=1)
    epsilon_end: float = setting(0.1, "Probability of a random action at the end of the decay.", low=0, high=1)
    epsilon_decay_steps: int = setting(
        1000, "Steps over which it falls, linearly.", unit="environment steps", low=1, high=10**9
    )
    num_eval_episodes: int = setting(
        10, "Episodes of each evaluation during training.", unit="episodes", low=1, high=10**6
    )
    num_test_episodes: int | None = setting(
        None, "Episodes of the final evaluation; null for num_eval_episodes.", unit="episodes", low=1, high=10**6
    )
    eval_interval: int = setting(1000, "How often to evaluate during training.", unit="iterations", low=1, high=10**9)
    log_interval: int = setting(200, "How often to record the mean loss.", unit="iterations", low=1, high=10**9)

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Width of each hidden layer."""
        return tuple(self.fc_layer_params or (self.qnet_fc_hidden_size,))


class DQN(EpisodicModel):
    """A DQN agent in an environment inside the graph."""

    hyperparameters = DQNHyperparameters
    learns_from = ("environment",)
    _run: DQNRun | None = None

    @classmethod
    def import_libraries(cls, threads: int) -> None:
        prepare_tensorflow(threads)
        importlib.import_module("rliable.training.dqn_run")

    def train(self, data: Any, *args: Any) -> None:
        self._run = self._make_run(data)
        self._run.train(self.report, args[0] if args else data)

    @property
    def num_test_episodes(self) -> int:
        return self.values.num_test_episodes or self.values.num_eval_episodes

    def run_episodes(self, data: Any, episodes: range) -> list[float]:
        return self._trained_run().play_test_episodes(data, episodes)

    def predict(self, data: Any) -> np.ndarray:
        """The greedy actions, int32 [B], for observations [B, O]."""
        return self._trained_run().actions(data)

    def save(self) -> None:
        self._trained_run().save(Path(self.cfg["mdl_file"]))

    def load_model(self) -> None:
        run = self._make_run(load_data(self.cfg["environment"]))
        run.load(Path(self.cfg["mdl_file"]))
        self._run = run

    @functools.cached_property
    def values(self) -> DQNHyperparameters:
        """The checked hyperparameters, defaults filled in."""
        values, problems = check_record(DQNHyperparameters, self.cfg["hp_params"], "hp_params")
        if problems:
            raise ConfigError(problems)
        return values

    def _make_run(self, environment: Any) -> DQNRun:
        """A new run; the first in a process imports TensorFlow."""
        prepare_tensorflow(self.cfg.get("threads", 1))
        from rliable.training.dqn_run import DQNRun

        return DQNRun(environment, self.values, self.cfg["seed"], self.EPISODES_PER_SLICE)

    def _trained_run(self) -> DQNRun:
        if self._run is None:
            raise RuntimeError("DQN: neither trained nor loaded yet")
        return self._run
