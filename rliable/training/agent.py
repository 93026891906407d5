"""The contract of agents: the mathematics of one algorithm, which every run of one shape shares.

Shapes: E environments side by side, B batch, O numbers of observation, A numbers of a continuous action.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from rliable.environments.base import Spaces
from rliable.environments.random_numbers import uniform
from rliable.environments.runtime import tf
from rliable.training.networks.base import make_network
from rliable.training.shapes import Shape, as_namespace

#: What a run changes, by name: networks, targets, temperatures, statistics, states of optimizers; nests of arrays.
Parts = dict[str, Any]


class Clock(NamedTuple):
    """How far a run is.

    Attributes:
      num_steps: environment steps so far, in all environments together. int32 []
      num_updates: updates so far. int32 []
      progress: environment steps so far over those of the whole training, in [0, 1]. float32 []
    """

    num_steps: tf.Tensor
    num_updates: tf.Tensor
    progress: tf.Tensor


class Acted(NamedTuple):
    """What `Agent.act` gives.

    Attributes:
      action: int32 [E], or float32 [E, A] in which [-1, 1] spans the environment's bounds.
      extras: what the update needs to know of the moment, by name. [E, …]
      carry: of each environment, for its next step. [E, …]
    """

    action: tf.Tensor
    extras: dict[str, tf.Tensor]
    carry: Any


class Agent(ABC):
    """An algorithm that learns to act.

    An object belongs to a compiled program and is shared by runs, so it holds no state: what a run changes is in the
    parts. `act`, `greedy` and `update` are called while a program is traced, once and never again, so they must be
    pure functions of their tensors. Every random draw takes a `seed` (int32 [2]: of the run for this purpose, and a
    counter) through `rliable.environments.random_numbers`; independent draws with the same seed have different `draw`.

    Continuous actions are in [-1, 1] here; the loop cuts them off there and scales them to the environment's bounds.

    Attributes:
      environment: what it acts in.
      shape: the hyperparameters that are compiled in, rounded as they are compiled (`rliable.training.shapes`).
      networks: how its networks are built.
      acts_with: names of the parts that `greedy` needs.
      losses: names of the figures that `update` gives.
    """

    acts_with: ClassVar[tuple[str, ...]]
    losses: ClassVar[tuple[str, ...]] = ("loss",)

    def __init__(self, environment: Spaces, shape: Shape) -> None:
        self.environment = environment
        self.shape = as_namespace(shape)
        self.networks = make_network(self.shape.network, environment)

    def network(self, parameters: Any, observation: tf.Tensor, action: tf.Tensor | None = None) -> tf.Tensor:
        """What one of its networks, begun by `networks.initial`, gives. [B, outputs]

        Args:
          parameters: of the network.
          observation: as `view` gives it. [B, O]
          action: what else the network sees. [B, A]
        """
        return self.networks.outputs(parameters, observation, action, self.shape.activation)

    @abstractmethod
    def initial_parts(self, values: Any, seed: int) -> Parts:
        """What a run begins with, NumPy arrays.

        Args:
          values: the run's hyperparameters, as the user gave them.
          seed: of the initial weights.
        """

    def initial_carry(self, num_environments: int) -> Any:
        """What `act` carries from step to step, as it is at the start of an episode. NumPy arrays [E, …]"""
        return ()

    @abstractmethod
    def act(self, parts: Parts, observation: tf.Tensor, carry: Any, numbers: Any, clock: Clock, seed: Any) -> Acted:
        """Chooses actions to learn from.

        Args:
          parts: as they are.
          observation: what each environment shows, as `view` gives it. [E, O]
          carry: what the last step left; as `initial_carry` where an episode begins.
          numbers: the hyperparameters that are not compiled in, as scalars; `numbers.gamma`. None where unset.
          clock: how far the run is.
          seed: of this step.
        """

    @abstractmethod
    def greedy(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        """The best actions it knows, for observations [B, O] as the environment shows them."""

    def view(self, parts: Parts, observation: tf.Tensor) -> tf.Tensor:
        """An observation [E, O] as networks see it."""
        return observation

    def watch(self, parts: Parts, experience: Experience, carry: Any, numbers: Any) -> tuple[Parts, tf.Tensor, Any]:
        """Learns what experience looks like, as it comes in.

        Args:
          parts: as they are.
          experience: the latest step, with observations as the environment shows them.
          carry: as `act` left it; it begins anew where the episode ended.
          numbers: as in `act`.

        Returns:
          The parts, the reward to remember [E], and the carry.
        """
        return parts, experience.reward, carry


class Experience(NamedTuple):
    """One step in each environment.

    Attributes:
      observation: what the agent saw, as `Agent.view` gave it. float32 [E, O]
      action: what it did, as `Agent.act` gave it. int32 [E] or float32 [E, A]
      reward: what it got. float32 [E]
      terminated: whether the episode came to an end of its own; a time limit is none. bool [E]
      is_boundary: whether it ended here, terminated or cut. bool [E]
      next_observation: what it saw then, also at the end of an episode. float32 [E, O]
      extras: as `Agent.act` gave them.
    """

    observation: tf.Tensor
    action: tf.Tensor
    reward: tf.Tensor
    terminated: tf.Tensor
    is_boundary: tf.Tensor
    next_observation: tf.Tensor
    extras: dict[str, tf.Tensor]


class Batch(NamedTuple):
    """What an off-policy agent learns from at once.

    Attributes:
      observation: float32 [B, O]
      action: int32 [B] or float32 [B, A]
      reward: the discounted sum of the rewards of up to n steps. float32 [B]
      discount: what the value of `next_observation` is worth at `observation`: gamma to the power of the steps summed
        up, and 0 where the episode terminated; not where it was cut (Pardo et al. 2018, "Time limits in reinforcement
        learning", arXiv:1712.00378). float32 [B]
      next_observation: what followed the last of these steps. float32 [B, O]
      weight: what each counts, 1 in all: 1 / batch size, and 0 for the rows that only fill up the batch. float32 [B]
    """

    observation: tf.Tensor
    action: tf.Tensor
    reward: tf.Tensor
    discount: tf.Tensor
    next_observation: tf.Tensor
    weight: tf.Tensor


class OffPolicyAgent(Agent):
    """An agent that learns from a replay of its experience."""

    @abstractmethod
    def update(
        self, parts: Parts, batch: Batch, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        """Learns from one batch.

        Args:
          parts: as they are.
          batch: what to learn from.
          numbers: as in `act`.
          clock: how far the run is; `num_updates` does not count this one.
          seed: of this update.

        Returns:
          The new parts, and the figures that `losses` names.
        """


class OnPolicyAgent(Agent):
    """An agent that learns from rollouts of its present policy, T steps of E environments.

    Attributes:
      extras: names of what `act` tells of each step; float32 [E] each.
    """

    extras: ClassVar[tuple[str, ...]] = ()

    @property
    def num_rows(self) -> int:
        """N = T·E."""
        rows: int = self.shape.collect_steps_per_iteration * self.shape.num_environments
        return rows

    @abstractmethod
    def prepare(self, parts: Parts, rollout: Experience, numbers: Any) -> Any:
        """What there is to learn of a rollout: a nest of arrays [T, E, …] from arrays [T, E, …]."""

    @abstractmethod
    def update(
        self, parts: Parts, batch: Any, numbers: Any, clock: Clock, seed: tf.Tensor
    ) -> tuple[Parts, dict[str, tf.Tensor]]:
        """Learns from rows of what `prepare` gave, [M, …]; else as `OffPolicyAgent.update`."""


def random_action(environment: Spaces, seed: tf.Tensor, num_environments: int) -> tf.Tensor:
    """Actions of which all are equally likely, as `Agent.act` gives them."""
    if environment.num_actions:
        draws = uniform(seed, [num_environments])
        return tf.minimum(tf.cast(draws * environment.num_actions, tf.int32), environment.num_actions - 1)
    return uniform(seed, [num_environments, len(environment.action_low)], -1.0, 1.0)


def in_bounds(environment: Spaces, action: tf.Tensor) -> tf.Tensor:
    """An agent's action as the environment takes it: cut off at [-1, 1] and scaled to its bounds."""
    if environment.num_actions:
        return action
    low, high = tf.constant(environment.action_low), tf.constant(environment.action_high)
    return low + (tf.clip_by_value(action, -1.0, 1.0) + 1.0) * 0.5 * (high - low)
