"""What is compiled once for all runs of the same shape: the training loop, greedy episodes, the exported policy."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.runtime import release_memory, tf
from rliable.training.agent import Agent, OffPolicyAgent, OnPolicyAgent, Parts, in_bounds
from rliable.training.episodes import GreedyEpisodes
from rliable.training.loop import Call, Loop, RunState
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
    """

    def __init__(self, agent: Agent, num_rows: int) -> None:
        self.agent = agent
        self.loop = Loop(agent, memory_of(agent))
        self.episodes = GreedyEpisodes(agent, num_rows)
        self._exporter: PolicyExporter | None = None

    def run(
        self, state: RunState, call: Call, numbers: dict[str, np.generic], seeds: dict[str, np.int32]
    ) -> tuple[RunState, dict[str, np.ndarray]]:
        """Runs iterations; see `Loop`."""
        before = self.loop.run.experimental_get_tracing_count()
        state, log = self.loop.run(state, *as_tensors((call, numbers, seeds)))
        if self.loop.run.experimental_get_tracing_count() > before:
            release_memory()
        return state, {name: sums.numpy() for name, sums in log.items()}

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


def as_tensors(nest: Any) -> Any:
    """A nest of NumPy scalars as tensors, so that their values are inputs of a program and no part of it."""
    return tf.nest.map_structure(tf.constant, nest)


@functools.lru_cache(maxsize=64)
def program_for(agent_class: type[Agent], environment: Environment, shape: Shape, num_rows: int) -> Program:
    """The program for this shape: that of an earlier run of this process, if there was one.

    TensorFlow keeps compiled code (about 25 MB per program) until its process ends, and forgetting a program frees
    only its graph (about 4 MB) and costs as much again when the shape comes back: hence many are kept.
    """
    return Program(agent_class(environment, shape), num_rows)
