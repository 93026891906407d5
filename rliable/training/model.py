"""An agent as a model that can be searched over: what every agent's model shares."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rliable.environments import load_data
from rliable.environments.base import Environment, Spaces
from rliable.environments.runtime import prepare_tensorflow
from rliable.model import EpisodicModel
from rliable.schema import ConfigError, Problem
from rliable.training.agent import Agent
from rliable.training.device import NO_GPU, device_words, gpu_of_machine, open_device
from rliable.training.hyperparameters import OUTSIDE_THE_GRAPH
from rliable.training.networks.base import make_network
from rliable.training.run import Run

#: What agents need besides what the search needs, and the one Python that it is there for.
NEEDED_PACKAGES = ("tensorflow", "tensorflow_probability", "tf_agents", "gym")
NEEDED_PYTHON = (3, 11)


class AgentModel(EpisodicModel):
    """A model that trains one of our agents in an environment inside the graph.

    Attributes:
      agent: the algorithm.
      acts: which actions it can take, "discrete", "continuous" or "both".
    """

    agent: ClassVar[type[Agent]]
    acts: ClassVar[str] = "both"
    learns_from = ("environment",)
    version = "4"  # 1 was the DQN of version 0.1; 2 multiplied matrices otherwise, 3 drew other batches on the host
    _run: Run | None = None
    _checkpoint: dict[str, bytes] | None = None

    @classmethod
    def missing_packages(cls) -> str | None:
        lacking = [package for package in NEEDED_PACKAGES if importlib.util.find_spec(package) is None]
        if not lacking:
            return None
        if sys.version_info[:2] != NEEDED_PYTHON:
            found = ".".join(map(str, sys.version_info[:2]))
            return f"{cls.__name__} needs Python 3.11 (for tf-agents 0.19), but this is Python {found}"
        return f"{cls.__name__} needs the package {lacking[0]!r}; pip install 'rliable-spark[agents]'"

    @classmethod
    def import_libraries(cls, threads: int) -> None:
        prepare_tensorflow(threads)
        importlib.import_module("rliable.training.policy")

    @classmethod
    def environment_problem(cls, environment: Any) -> str | None:
        """Why the agent cannot act in an environment, in one line; None if it can."""
        if not isinstance(environment, Spaces):
            return f"{cls.__name__} needs an environment, found {type(environment).__name__}"
        size = environment.num_actions or len(environment.action_low)
        found = "discrete" if environment.num_actions else "continuous"
        if cls.acts in (found, "both"):
            return None
        return f"{cls.__name__} needs {cls.acts} actions; {environment.name} has {size} {found} one{'s'[: size > 1]}"

    @classmethod
    def misfits(cls, hp_params: Mapping[str, Any], environment: Spaces) -> list[Problem]:
        """Hyperparameters that do not fit what an environment shows."""
        if environment.image_shape and hp_params.get("normalize_observations"):
            words = f"is for numbers, and {environment.name} shows images, whose pixels are scaled to [0, 1] anyway"
            return [Problem("hp_params.normalize_observations", f"{words}; leave it out")]
        try:
            make_network(hp_params.get("network"), environment)
        except ConfigError as error:
            return [Problem("hp_params.network", problem.words) for problem in error.found]
        return []

    @classmethod
    def with_files(cls, hp_params: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
        file, colon, name = (hp_params.get("network") or "").rpartition(":")
        return hp_params | {"network": f"{place(file)}:{name}"} if colon and file.endswith(".py") else hp_params

    @classmethod
    def classes_in(cls, hp_params: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the user's own classes among hyperparameters."""
        network = hp_params.get("network") or ""
        return (network,) if ":" in network else ()

    @classmethod
    def idle_hyperparameter(cls, environment: str, name: str) -> str | None:
        """Why a hyperparameter does nothing in the environment of a name, in one line; None if it does something."""
        if name not in OUTSIDE_THE_GRAPH or not isinstance(load_data(environment), Environment):
            return None
        return f"is for environments outside the graph, and {environment} steps inside it; leave it out"

    @classmethod
    def missing_devices(cls, hp_params: Mapping[str, Any]) -> list[Problem]:
        """What hyperparameters ask for that this machine, on which they are to be trained, does not have."""
        return [NO_GPU] if hp_params.get("device") == "gpu" and gpu_of_machine() is None else []

    @classmethod
    def device_words(cls, hp_params: Mapping[str, Any], make_environment: Callable[[], Spaces], is_here: bool) -> str:
        """Where its runs learn, for people; see `rliable.training.device.device_words`."""
        return device_words(hp_params, make_environment, is_here)

    def train(self, data: Any, *args: Any) -> None:
        self._run = self._make_learning_run(data)
        self._run.train(self.report, args[0] if args else data, self.keep_checkpoint, self._checkpoint, self.helpers)

    def help(self, data: Any, order: bytes) -> bytes:
        self._run = self._run or self._make_learning_run(data)
        return self._run.help(order)

    def restore(self, files: dict[str, bytes]) -> None:
        self._checkpoint = files

    @property
    def num_test_episodes(self) -> int:
        return self.values.num_test_episodes or self.values.num_eval_episodes

    def run_episodes(self, data: Any, episodes: range) -> list[float]:
        return self._trained_run().play_test_episodes(data, episodes)

    @classmethod
    def lack_of_pictures(cls, data: Any) -> str | None:
        lack: str | None = data.lack_of_pictures
        return lack

    def draw_episode(self, data: Any, episode: int) -> tuple[float, Iterator[np.ndarray]]:
        return self._trained_run().draw_test_episode(data, episode)

    def predict(self, data: Any) -> np.ndarray:
        """The greedy actions, int32 [B] or float32 [B, A], for observations [B, O] or images [B, …]."""
        return self._trained_run().actions(data)

    def save(self) -> None:
        self._trained_run().save(Path(self.cfg["mdl_file"]))

    def load_model(self) -> None:
        constants, wrappers = self.cfg.get("environment_kwargs", {}), self.cfg.get("wrappers", ())
        run = self._make_run(load_data(self.cfg["environment"], constants=constants, wrappers=wrappers))
        run.load(Path(self.cfg["mdl_file"]))
        self._run = run

    def _make_learning_run(self, environment: Any) -> Run:
        """A new run, on the device that is asked for."""
        run = self._make_run(environment)
        if self.values.device == "gpu" and run.device != "GPU":
            raise ConfigError([NO_GPU])
        return run

    def _make_run(self, environment: Any) -> Run:
        """A new run; the first in a process imports TensorFlow."""
        problem = self.environment_problem(environment)
        if problem is not None:
            raise TypeError(problem)
        prepare_tensorflow(self.cfg.get("threads", 1))
        device = open_device(self.values.device, environment, make_network(self.values.network, environment))
        return Run(self.agent, environment, self.values, self.cfg["seed"], self.EPISODES_PER_SLICE, device)

    def _trained_run(self) -> Run:
        if self._run is None:
            raise RuntimeError(f"{type(self).__name__}: neither trained nor loaded yet")
        return self._run
