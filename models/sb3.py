"""Any algorithm of Stable-Baselines3 and sb3-contrib as a model that can be searched over.

Stable-Baselines3: Reliable Reinforcement Learning Implementations (Raffin, Hill, Gleave, Kanervisto, Ernestus, Dormann,
2021), https://jmlr.org/papers/v22/20-1364.html
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.baselines.constructors import constructors
from models.baselines.settings import BaselineHyperparameters, table_for_algorithm
from rliable.environments.host import HostEnvironment
from rliable.extras import cure
from rliable.model import EpisodicModel
from rliable.schema import Problem

if TYPE_CHECKING:
    import numpy as np

    from models.baselines.trained import Trained
    from models.baselines.training import Training


class SB3(EpisodicModel):
    """Trains an algorithm of Stable-Baselines3 or sb3-contrib in an environment that steps on the host."""

    hyperparameters = BaselineHyperparameters
    learns_from = ("gymnasium",)
    runs_what_it_is_given = "Stable-Baselines3 unpickles what it has saved"
    _trained: Trained | None = None
    _checkpoint: dict[str, bytes] | None = None

    @classmethod
    def missing_packages(cls) -> str | None:
        is_there = importlib.util.find_spec("stable_baselines3") is not None
        return None if is_there else f"{cls.__name__} needs more: {cure('stable_baselines3')}"

    @classmethod
    def import_libraries(cls, threads: int) -> None:
        import torch

        import models.baselines.training  # noqa: F401

        torch.set_num_threads(threads)

    @classmethod
    def hyperparameters_for(cls, hp_params: Mapping[str, Any]) -> type:
        """The settings above, and the arguments of the algorithm's constructor."""
        algorithm = hp_params.get("algorithm")
        return table_for_algorithm(algorithm if isinstance(algorithm, str) else None)

    @classmethod
    def environment_problem(cls, environment: Any) -> str | None:
        """Why it cannot learn in an environment, in one line; None if it can."""
        if isinstance(environment, HostEnvironment):
            return None
        return f"{cls.__name__} needs an environment with Gymnasium's interface, found {type(environment).__name__}"

    @classmethod
    def misfits(cls, hp_params: Mapping[str, Any], environment: HostEnvironment) -> list[Problem]:
        """An algorithm that cannot act in an environment."""
        algorithm, space = hp_params.get("algorithm"), environment.action_space
        acts_in = constructors()[algorithm].action_spaces if algorithm in constructors() else ()
        if not acts_in or any(kind.__name__ in acts_in for kind in type(space).__mro__):
            return []
        words = f"{algorithm} acts in {', '.join(acts_in)}; {environment.name} has actions {space}"
        return [Problem("hp_params.algorithm", words)]

    @classmethod
    def missing_devices(cls, hp_params: Mapping[str, Any]) -> list[Problem]:
        """A GPU that is asked for and that this machine, on which runs are to be trained, does not have."""
        device = hp_params.get("device", "")
        if not device.startswith("cuda"):
            return []
        import torch

        is_there = int(device.partition(":")[2] or 0) < torch.cuda.device_count()
        words = f"{device!r} is not there: PyTorch sees {torch.cuda.device_count()} GPUs; cpu and auto do without"
        return [] if is_there else [Problem("hp_params.device", words)]

    def train(self, data: Any, *args: Any) -> None:
        training = self._make_training(data, args[0] if args else data)
        self._trained = training.run(self.report, self.keep_checkpoint, self._checkpoint)

    def restore(self, files: dict[str, bytes]) -> None:
        self._checkpoint = files

    @property
    def num_test_episodes(self) -> int:
        return self.values.num_test_episodes or self.values.num_eval_episodes

    def run_episodes(self, data: Any, episodes: range) -> list[float]:
        return self._make_training(data, data).play(self._policy(), data, "test episode", episodes)

    def predict(self, data: Any) -> np.ndarray:
        """The actions without exploration for a batch of observations."""
        actions, _ = self._policy().act(data)
        return actions

    def save(self) -> None:
        """Writes Stable-Baselines3's own files: `model.zip`, and `vecnormalize.pkl` where it normalises."""
        self._policy().save(Path(self.cfg["mdl_file"]))

    def load_model(self) -> None:
        self.import_libraries(self.cfg.get("threads", 1))
        from models.baselines.trained import load_trained

        self._trained = load_trained(self.values.algorithm, Path(self.cfg["mdl_file"]), self.values.device)

    def _make_training(self, environment: HostEnvironment, evaluation_environment: HostEnvironment) -> Training:
        """What trains and plays; the first in a process imports Stable-Baselines3."""
        self.import_libraries(self.cfg.get("threads", 1))
        from models.baselines.training import Training

        return Training(self.values, environment, evaluation_environment, self.cfg["seed"], self.EPISODES_PER_SLICE)

    def _policy(self) -> Trained:
        if self._trained is None:
            raise RuntimeError(f"{type(self).__name__}: neither trained nor loaded yet")
        return self._trained
