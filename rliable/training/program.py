"""What is compiled once for all runs of the same shape: the training loop, greedy episodes, the exported policy."""

from __future__ import annotations

import atexit
import functools
import gc
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rliable.environments.base import Environment, Spaces
from rliable.training.agent import Agent, OffPolicyAgent, OnPolicyAgent, Parts, in_bounds
from rliable.training.episodes import GreedyEpisodes
from rliable.training.host.episodes import HostEpisodes
from rliable.training.host.loop import HostLoop
from rliable.training.host.memories import host_memory_of
from rliable.training.loop import Loop
from rliable.training.networks.dense import affine_function
from rliable.training.replay import Replay
from rliable.training.rollout import Rollout
from rliable.training.shapes import Shape

if TYPE_CHECKING:
    from rliable.training.policy import PolicyExporter


class Program:
    """The compiled functions of an agent; they keep nothing of a run.

    Args:
      agent: the mathematics.
      num_rows: episodes that are played side by side.
      device: where it learns and acts, "CPU" or "GPU"; whoever calls it does so under `tf.device`.
    """

    def __init__(self, agent: Agent, num_rows: int, device: str = "CPU") -> None:
        self.agent = agent
        self.loop: Loop | HostLoop
        self.episodes: GreedyEpisodes | HostEpisodes
        if isinstance(agent.environment, Environment):
            self.loop, self.episodes = Loop(agent, memory_of(agent)), GreedyEpisodes(agent, num_rows)
        else:
            uses_xla = agent.networks.is_fast_in_xla or device == "GPU"
            self.loop = HostLoop(agent, host_memory_of(agent), uses_xla)
            self.episodes = HostEpisodes(agent, num_rows, uses_xla)
        self._exporter: PolicyExporter | None = None

    def actions(self, parts: Parts, observations: np.ndarray) -> np.ndarray:
        """The greedy actions for observations [B, O], as the environment takes them."""
        actions: np.ndarray = in_bounds(self.agent.environment, self.agent.greedy(parts, observations)).numpy()
        return actions

    def export(self, parts: Parts, folder: Path) -> None:
        """Writes the greedy policy as a TF-Agents SavedModel; `tf.saved_model.load(folder).action(time_step)` runs it.

        The graph is the same for all weights: it is written once per program and copied from then on.
        """
        if self._exporter is None:
            from rliable.training.policy import PolicyExporter

            self._exporter = PolicyExporter(self.agent, parts)
        self._exporter.export(parts, folder)


def memory_of(agent: Agent) -> Replay | Rollout:
    """How an agent remembers."""
    if isinstance(agent, OffPolicyAgent):
        return Replay(agent)
    assert isinstance(agent, OnPolicyAgent)
    return Rollout(agent)


@functools.lru_cache(maxsize=64)
def program_for(
    agent_class: type[Agent], environment: Spaces, shape: Shape, num_rows: int, device: str = "CPU"
) -> Program:
    """The program for this shape and device: that of an earlier run of this process, if there was one.

    TensorFlow keeps compiled code (about 25 MB per program) until its process ends, and forgetting a program frees
    only its graph (about 4 MB) and costs as much again when the shape comes back: hence many are kept.
    """
    return Program(agent_class(environment, shape), num_rows, device)


def forget_programs() -> None:
    """Gives up all programs: later, while Python ends, TensorFlow's functions complain of it."""
    program_for.cache_clear()
    affine_function.cache_clear()
    gc.collect()


atexit.register(forget_programs)
