"""A DQN agent and its compiled training loop, used by one run after another."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from rliable.environments.base import Environment
from rliable.environments.runtime import release_memory
from rliable.seeding import derive_seed
from rliable.training.dqn_agent import DQNShape, make_dqn_agent
from rliable.training.loop import LoopSettings, LoopShape, LoopState, OffPolicyLoop
from rliable.training.weights import initial_q_weights


class DQNProgram:
    """What is compiled once per (environment, `DQNShape`, `LoopShape`).

    A run calls `start`, then `run` until it has enough, then takes a `snapshot`. In between no other run may use the
    program; afterwards it belongs to the next, to which nothing is left: `start` sets every variable.
    """

    def __init__(self, environment: Environment, agent_shape: DQNShape, loop_shape: LoopShape) -> None:
        self.parts = make_dqn_agent(environment, agent_shape)
        self.loop = OffPolicyLoop(environment, self.parts.agent, loop_shape)
        self.layer_sizes = (environment.observation_size, *agent_shape.hidden_sizes, environment.num_actions)
        self.num_steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.checkpoint = tf.train.Checkpoint(
            network=self.parts.network,
            target_network=self.parts.target_network,
            optimizer=self.parts.optimizer,
            num_updates=self.parts.agent.train_step_counter,
            num_steps=self.num_steps,
        )

    def start(self, seed: int, **numbers: float) -> LoopState:
        """Begins a run: new weights, a fresh optimizer, an empty replay.

        Args:
          seed: of the run.
          **numbers: see `DQNNumbers`.
        """
        self.parts.numbers.assign(**numbers)
        weights = initial_q_weights(self.layer_sizes, derive_seed(seed, "weights"))
        fresh = [np.zeros(variable.shape, variable.dtype.as_numpy_dtype) for variable in self.variables()]
        self.restore(weights * 2 + fresh[2 * len(weights) :])
        return self.loop.initial_state(derive_seed(seed, "training episode"))

    def run(self, state: LoopState, settings: LoopSettings) -> tuple[LoopState, np.ndarray]:
        """Runs iterations; returns the state, and the mean loss of each window (0 where nothing was learned)."""
        iterations, window = int(settings.num_iterations), int(settings.window)
        is_new = self.loop.run.experimental_get_tracing_count() == 0
        state, sums = self.loop.run(state, LoopSettings(*(tf.constant(value) for value in settings)))
        if is_new:
            release_memory()
        self.num_steps.assign(int(state.replay.num_written))
        lengths = np.diff([*range(0, iterations, window), iterations])
        return state, sums.numpy()[: len(lengths)] / (lengths * max(1, int(settings.train_steps)))

    def weights(self) -> list[np.ndarray]:
        """The network's weights."""
        return [variable.numpy() for variable in self.parts.network.variables]

    def variables(self) -> list[tf.Variable]:
        """Everything that a run changes: the network's weights, then the target's, then the rest."""
        parts = self.parts
        networks = [*parts.network.variables, *parts.target_network.variables]
        return [*networks, *parts.optimizer.weights, parts.agent.train_step_counter, self.num_steps]

    def snapshot(self) -> list[np.ndarray]:
        """The values of `variables`."""
        return [variable.numpy() for variable in self.variables()]

    def restore(self, values: Sequence[np.ndarray]) -> None:
        """Sets `variables` to what `snapshot` gave."""
        for variable, value in zip(self.variables(), values, strict=True):
            variable.assign(value)


@functools.lru_cache(maxsize=64)
def dqn_program(environment: Environment, agent_shape: DQNShape, loop_shape: LoopShape) -> DQNProgram:
    """The program for these shapes: that of an earlier run of this process, if there was one.

    TensorFlow keeps compiled code (about 25 MB per program) until its process ends, and forgetting a program frees
    only its graph (about 4 MB) and costs as much again when the shapes come back: hence many are kept.
    """
    return DQNProgram(environment, agent_shape, loop_shape)
