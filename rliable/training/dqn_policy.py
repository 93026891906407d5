"""The greedy policy of a Q network: its episodes, its actions, and its export."""

from __future__ import annotations

import functools
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tf_agents.policies.greedy_policy import GreedyPolicy
from tf_agents.policies.policy_saver import PolicySaver
from tf_agents.policies.q_policy import QPolicy

from rliable.environments.base import Environment
from rliable.training.dqn_agent import make_q_network
from rliable.training.rollouts import GreedyRollouts
from rliable.training.specs import acting_time_step, action_spec, time_step_spec


class QPolicyProgram:
    """A greedy policy whose weights are set before each use, so that runs of the same shapes share it."""

    def __init__(self, environment: Environment, hidden_sizes: tuple[int, ...], num_rows: int) -> None:
        self.network = make_q_network(environment, hidden_sizes)
        policy = QPolicy(time_step_spec(environment), action_spec(environment), self.network)
        self.policy = GreedyPolicy(policy)
        self.rollouts = GreedyRollouts(environment, self.policy, num_rows)

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Sets the weights of the network, in the order of `network.variables`."""
        for variable, value in zip(self.network.variables, weights, strict=True):
            variable.assign(value)

    def play(self, weights: Sequence[np.ndarray], seed: int, purpose: str, episodes: range) -> list[float]:
        """Plays episodes; see `GreedyRollouts.play`."""
        self.set_weights(weights)
        return self.rollouts.play(seed, purpose, episodes)

    def actions(self, weights: Sequence[np.ndarray], observations: np.ndarray) -> np.ndarray:
        """The greedy action for each observation [B, O]: int32 [B]."""
        self.set_weights(weights)
        time_step = acting_time_step(tf.constant(observations, tf.float32))
        return self.policy.action(time_step).action.numpy()

    def export(self, weights: Sequence[np.ndarray], folder: Path) -> None:
        """Writes the policy as a TF-Agents SavedModel; `tf.saved_model.load(folder).action(time_step)` runs it.

        The graph is the same for all weights: it is written once per program and copied from then on.
        """
        self.set_weights(weights)
        saver, graph_files = self._saved_graph
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in graph_files.items():
            (folder / name).write_bytes(content)
        saver.save_checkpoint(str(folder))

    @functools.cached_property
    def _saved_graph(self) -> tuple[PolicySaver, dict[str, bytes]]:
        """A saver, and the files it writes whatever the weights are: name -> content."""
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")
            saver = PolicySaver(self.policy, batch_size=None)
            saver.save(folder)
            return saver, {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir()) if path.is_file()}


@functools.lru_cache(maxsize=64)
def q_policy_program(environment: Environment, hidden_sizes: tuple[int, ...], num_rows: int) -> QPolicyProgram:
    """The program for these shapes: that of an earlier run of this process, if there was one."""
    return QPolicyProgram(environment, hidden_sizes, num_rows)
