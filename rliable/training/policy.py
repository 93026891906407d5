"""The greedy policy of an agent as TF-Agents knows policies, and its export."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_probability.python.distributions import Deterministic
from tf_agents.policies import TFPolicy
from tf_agents.policies.policy_saver import PolicySaver
from tf_agents.specs import BoundedTensorSpec
from tf_agents.trajectories import policy_step, time_step

from rliable.environments.base import Spaces
from rliable.training.agent import Agent, Parts, in_bounds


class GreedyAgentPolicy(TFPolicy):
    """Takes the best actions that an agent knows, with weights in variables.

    Args:
      agent: the mathematics.
      parts: those that the agent `acts_with`; NumPy arrays.
    """

    def __init__(self, agent: Agent, parts: Parts) -> None:
        super().__init__(time_step_spec(agent.environment), action_spec(agent.environment))
        self._agent = agent
        self._parts = tf.nest.map_structure(lambda value: tf.Variable(value, trainable=False), parts)

    def set_parts(self, parts: Parts) -> None:
        """Sets the weights."""
        for variable, value in zip(tf.nest.flatten(self._parts), tf.nest.flatten(parts), strict=True):
            variable.assign(value)

    def _action(self, time_step: Any, policy_state: Any, seed: Any) -> policy_step.PolicyStep:
        return policy_step.PolicyStep(self._best(time_step), policy_state, ())

    def _distribution(self, time_step: Any, policy_state: Any) -> policy_step.PolicyStep:
        return policy_step.PolicyStep(Deterministic(self._best(time_step)), policy_state, ())

    def _best(self, time_step: Any) -> tf.Tensor:
        parts = tf.nest.map_structure(tf.convert_to_tensor, dict(self._parts))
        return in_bounds(self._agent.environment, self._agent.greedy(parts, time_step.observation))

    def _variables(self) -> list[tf.Variable]:
        variables: list[tf.Variable] = tf.nest.flatten(self._parts)
        return variables


class PolicyExporter:
    """Writes greedy policies of one graph and many weights.

    Args:
      agent: the mathematics.
      parts: of any run; only their shapes matter.
    """

    def __init__(self, agent: Agent, parts: Parts) -> None:
        self._policy = GreedyAgentPolicy(agent, parts)
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")
            self._saver = PolicySaver(self._policy, batch_size=None)
            self._saver.save(folder)
            self._graph = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir()) if path.is_file()}

    def export(self, parts: Parts, folder: Path) -> None:
        """Writes the SavedModel with these weights."""
        self._policy.set_parts(parts)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self._graph.items():
            (folder / name).write_bytes(content)
        self._saver.save_checkpoint(str(folder))


def time_step_spec(environment: Spaces) -> time_step.TimeStep:
    """What a policy gets to see of the environment."""
    shape, dtype = environment.observation_shape, environment.observation_type
    return time_step.time_step_spec(tf.TensorSpec(shape, dtype, "observation"))


def action_spec(environment: Spaces) -> BoundedTensorSpec:
    """What a policy answers."""
    if environment.num_actions:
        return BoundedTensorSpec([], tf.int32, 0, environment.num_actions - 1, "action")
    low, high = environment.action_low, environment.action_high
    return BoundedTensorSpec([len(low)], tf.float32, low, high, "action")
