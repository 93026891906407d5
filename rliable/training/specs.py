"""TF-Agents' description of an environment inside the graph, and its data structures filled from ours."""

from __future__ import annotations

import tensorflow as tf
from tf_agents.specs import BoundedTensorSpec
from tf_agents.trajectories import StepType, TimeStep, Transition, policy_step, time_step

from rliable.environments.base import Environment
from rliable.training.replay import Transitions


def time_step_spec(environment: Environment) -> TimeStep:
    """What a policy gets to see of the environment."""
    return time_step.time_step_spec(tf.TensorSpec([environment.observation_size], tf.float32, "observation"))


def action_spec(environment: Environment) -> BoundedTensorSpec:
    """What a policy answers."""
    return BoundedTensorSpec([], tf.int32, 0, environment.num_actions - 1, "action")


def as_time_step(observation: tf.Tensor, reward: tf.Tensor, discount: tf.Tensor) -> TimeStep:
    """A time step in the middle of an episode; observation [B, O], reward and discount [B]."""
    step_type = tf.fill(tf.shape(reward), StepType.MID)
    return TimeStep(step_type, reward, discount, observation)


def acting_time_step(observation: tf.Tensor) -> TimeStep:
    """What a policy is asked with: observations [B, O] without a past."""
    zeros = tf.zeros(tf.shape(observation)[:1], tf.float32)
    return as_time_step(observation, zeros, tf.ones_like(zeros))


def as_transition(batch: Transitions) -> Transition:
    """A batch as TF-Agents' off-policy agents train on it.

    The end of an episode is in the discount alone: 0 where it terminated, so that a cut episode is bootstrapped
    (Pardo et al. 2018, "Time limits in reinforcement learning", arXiv:1712.00378).
    """
    return Transition(
        acting_time_step(batch.observation),
        policy_step.PolicyStep(batch.action, (), ()),
        as_time_step(batch.next_observation, batch.reward, batch.discount),
    )
