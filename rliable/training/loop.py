"""The compiled training loop of off-policy agents: act, remember, learn, in one program.

Everything random comes from TensorFlow's stateless generators, seeded by (a seed of the run, a step counter).
Shapes: S numbers of state, O numbers of observation, B batch, W windows of the loss log.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import tensorflow as tf
from tf_agents.agents import TFAgent

from rliable.environments.base import Environment
from rliable.environments.random_numbers import uniform
from rliable.training.replay import Replay, Transitions, append, empty_replay, sample
from rliable.training.specs import acting_time_step, as_transition

#: Windows of the loss log that one call of the program can fill.
MAX_WINDOWS = 128


@dataclasses.dataclass(frozen=True)
class LoopShape:
    """What a program is compiled for; all else is an input.

    Attributes:
      batch_size: B.
      capacity: transitions that the replay holds.
      n_step: rewards summed up in one return.
    """

    batch_size: int
    capacity: int
    n_step: int


class LoopSettings(NamedTuple):
    """Inputs of one call: NumPy scalars, or tensors inside the graph.

    Attributes:
      num_iterations: how many to run. int32
      collect_steps: environment steps per iteration. int32
      train_steps: updates per iteration. int32
      window: iterations that share one row of the loss log; num_iterations / window <= MAX_WINDOWS. int32
      epsilon_start, epsilon_end: probability of a random action, first and last. float32
      epsilon_first_step: environment step from which it falls. int32
      epsilon_decay_steps: environment steps in which it falls, linearly. int32
      gamma: the discount factor, for N-step returns. float32
      exploration_seed, reset_seed, sample_seed: of the random actions, of first states, of batches. int32
    """

    num_iterations: tf.Tensor
    collect_steps: tf.Tensor
    train_steps: tf.Tensor
    window: tf.Tensor
    epsilon_start: tf.Tensor
    epsilon_end: tf.Tensor
    epsilon_first_step: tf.Tensor
    epsilon_decay_steps: tf.Tensor
    gamma: tf.Tensor
    exploration_seed: tf.Tensor
    reset_seed: tf.Tensor
    sample_seed: tf.Tensor


class LoopState(NamedTuple):
    """What goes on from call to call.

    Attributes:
      state: of the environment. [1, S]
      episode_step: steps since its episode began. int32 []
      num_updates: updates so far. int32 []
      replay: the transitions; `replay.num_written` counts the environment steps so far.
    """

    state: tf.Tensor
    episode_step: tf.Tensor
    num_updates: tf.Tensor
    replay: Replay


class OffPolicyLoop:
    """One compiled program that trains `agent` in `environment` on its own experience.

    The agent brings `policy` (greedy; explored epsilon-greedily) and `train`, which takes a TF-Agents `Transition`. Its
    weights live in its variables; the rest is passed in and out. The first call traces and compiles.
    """

    def __init__(self, environment: Environment, agent: TFAgent, shape: LoopShape) -> None:
        self.environment = environment
        self.agent = agent
        self.shape = shape
        self.run = tf.function(self._run, jit_compile=True, autograph=False)

    def initial_state(self, reset_seed: int) -> LoopState:
        """The state before the first step: an empty replay, a new episode."""
        state = self.environment.reset(tf.constant([reset_seed, 0], tf.int32))[None]
        zero = tf.constant(0, tf.int32)
        return LoopState(state, zero, zero, empty_replay(self.shape.capacity, self.environment.observation_size))

    def _run(self, state: LoopState, settings: LoopSettings) -> tuple[LoopState, tf.Tensor]:
        """Runs iterations; returns the new state and the sum of losses per window, float32 [W]."""

        def iterate(index: tf.Tensor, state: LoopState, log: tf.Tensor) -> tuple[tf.Tensor, LoopState, tf.Tensor]:
            state = self._collect(state, settings)
            num_updates, loss = self._learn(state, settings)
            log = tf.tensor_scatter_nd_add(log, [[tf.truncatediv(index, settings.window)]], [loss])
            return index + 1, state._replace(num_updates=num_updates), log

        start = (tf.constant(0), state, tf.zeros([MAX_WINDOWS]))
        _, state, log = tf.while_loop(lambda index, *_: index < settings.num_iterations, iterate, start)
        return state, log

    def _collect(self, state: LoopState, settings: LoopSettings) -> LoopState:
        """One iteration's environment steps."""
        end = state.replay.num_written + settings.collect_steps
        return tf.while_loop(
            lambda state: state.replay.num_written < end, lambda state: [self._act(state, settings)], [state]
        )[0]

    def _act(self, state: LoopState, settings: LoopSettings) -> LoopState:
        """One environment step; a new episode begins where one ended."""
        observation = self.environment.observe(state.state)  # [1, O]
        action = self._explore(observation, state.replay.num_written, settings)  # [1]
        next_state, reward, terminated = self.environment.step(state.state, action)
        episode_step = state.episode_step + 1
        is_boundary = terminated | (episode_step >= self.environment.max_episode_steps)  # [1]
        discount = 1.0 - tf.cast(terminated, tf.float32)
        next_observation = self.environment.observe(next_state)
        row = Transitions(observation, action, reward, discount, next_observation, is_boundary)
        first_state = self.environment.reset(tf.stack([settings.reset_seed, state.replay.num_written + 1]))[None]
        return state._replace(
            state=tf.where(is_boundary[:, None], first_state, next_state),
            episode_step=tf.where(is_boundary[0], 0, episode_step),
            replay=append(state.replay, row),
        )

    def _explore(self, observation: tf.Tensor, step: tf.Tensor, settings: LoopSettings) -> tf.Tensor:
        """The policy's action or, with probability epsilon, any action. int32 [1]"""
        greedy = self.agent.policy.action(acting_time_step(observation)).action
        draws = uniform(tf.stack([settings.exploration_seed, step]), [2])
        num_actions = self.environment.num_actions
        choice = tf.minimum(tf.cast(draws[1] * num_actions, tf.int32), num_actions - 1)
        return tf.where(draws[0] < epsilon_at(step, settings), choice[None], greedy)

    def _learn(self, state: LoopState, settings: LoopSettings) -> tuple[tf.Tensor, tf.Tensor]:
        """One iteration's updates; returns the number of updates so far, and the sum of their losses."""

        def update(num_updates: tf.Tensor, loss: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            seed = tf.stack([settings.sample_seed, num_updates])
            batch = sample(state.replay, seed, self.shape.batch_size, self.shape.n_step, settings.gamma)
            return num_updates + 1, loss + self.agent.train(as_transition(batch)).loss

        end = state.num_updates + settings.train_steps
        return tf.while_loop(lambda done, _: done < end, update, (state.num_updates, tf.constant(0.0)))


def epsilon_at(step: tf.Tensor, settings: LoopSettings) -> tf.Tensor:
    """Probability of a random action at an environment step: linear from start to end, then constant."""
    fraction = tf.cast(step - settings.epsilon_first_step, tf.float32) / tf.cast(
        settings.epsilon_decay_steps, tf.float32
    )
    slope = settings.epsilon_end - settings.epsilon_start
    return settings.epsilon_start + slope * tf.clip_by_value(fraction, 0.0, 1.0)
