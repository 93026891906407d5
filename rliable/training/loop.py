"""The compiled training loop of every agent: act, remember, learn, in one program.

Everything random comes from stateless generators, seeded by (a seed of the run for this purpose, a counter), so a run
may be cut into calls anywhere: its bits stay the same.
Shapes: E environments side by side, S numbers of state, O numbers of observation, W windows of the log.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.random_numbers import seed_at
from rliable.environments.runtime import release_memory, tf
from rliable.helping import Dealer
from rliable.training.agent import Acted, Agent, Clock, Experience, Parts, in_bounds, random_action
from rliable.training.arrays import filled_in
from rliable.training.optimizer import learning_rates_at

#: Windows of the log that one call of the program can fill.
MAX_WINDOWS = 128


class Call(NamedTuple):
    """What one call of the program is to do. int32 []

    Attributes:
      first_iteration: iterations done before it.
      num_iterations: how many to run; at most MAX_WINDOWS windows of the log.
      collect_steps: steps in each environment per iteration.
      train_steps: updates per iteration, for agents that may choose.
    """

    first_iteration: Any
    num_iterations: Any
    collect_steps: Any
    train_steps: Any


class Interaction(NamedTuple):
    """Where the agent stands in its environments.

    Attributes:
      state: of each environment. [E, S]
      episode_step: steps since its episode began. int32 [E]
      carry: the agent's. [E, …]
      num_steps: environment steps so far, in all environments together. int32 []
    """

    state: Any
    episode_step: Any
    carry: Any
    num_steps: Any


class RunState(NamedTuple):
    """All that a run goes on with, from call to call and, as a checkpoint, from process to process.

    Attributes:
      parts: the agent's.
      interaction: with the environments.
      memory: of the agent.
      num_updates: so far. int32 []
      window: sums of the figures since the last complete window of the log, by name. float32 []
    """

    parts: Parts
    interaction: Interaction
    memory: Any
    num_updates: Any
    window: dict[str, Any]


class Loop:
    """One compiled program that trains an agent on its own experience.

    Args:
      agent: what acts and learns.
      memory: a `Replay` or a `Rollout`.
    """

    def __init__(self, agent: Agent, memory: Any) -> None:
        assert isinstance(agent.environment, Environment)
        self.agent, self.environment = agent, agent.environment
        self.memory = memory
        self._run = tf.function(self._run_iterations, jit_compile=True, autograph=False)
        self.reset = tf.function(self._reset, jit_compile=True, autograph=False)

    def initial_state(
        self, values: Any, seeds: dict[str, np.int32], weights_seed: int, dealer: Dealer | None = None
    ) -> RunState:
        """The state before the first step: new parts, nothing remembered, new episodes.

        Args:
          values: the run's hyperparameters.
          seeds: the run's, by purpose.
          weights_seed: of the initial weights.
          dealer: unused; a program does its steps by itself.
        """
        num_environments = self.agent.shape.num_environments
        interaction = Interaction(
            self.reset(seeds["reset"]).numpy(),
            np.zeros(num_environments, np.int32),
            self.agent.initial_carry(num_environments),
            np.int32(0),
        )
        parts, window = self.agent.initial_parts(values, weights_seed), dict.fromkeys(self.agent.losses, np.float32(0))
        return RunState(parts, interaction, self.memory.empty(values), np.int32(0), window)

    def _reset(self, seed: tf.Tensor) -> tf.Tensor:
        """The first states of a run."""
        return self.environment.reset(tf.stack([seed, 0]), self.agent.shape.num_environments)

    def run(
        self, state: RunState, call: Call, numbers: dict[str, np.generic], seeds: dict[str, np.int32]
    ) -> tuple[RunState, dict[str, np.ndarray]]:
        """Runs iterations; the first call traces and compiles.

        Args:
          state: at the beginning.
          call: what to run.
          numbers: the run's hyperparameters that are not compiled in, by name.
          seeds: the run's, by purpose.

        Returns:
          The new state, and the sums of the agent's figures over the iterations of each window, by name, float32 [W].
        """
        before = self._run.experimental_get_tracing_count()
        state, log = self._run(state, *as_tensors((call, numbers, seeds)))
        if self._run.experimental_get_tracing_count() > before:
            release_memory()
        return state, {name: sums.numpy() for name, sums in log.items()}

    def to_arrays(self, state: RunState) -> Any:
        """A state as a nest of arrays, for a checkpoint."""
        return to_arrays(state)

    def restored(self, template: RunState, arrays: dict[str, np.ndarray]) -> RunState:
        """The state of a checkpoint.

        Args:
          template: a new one.
          arrays: what `to_arrays` gave, by path below "state".
        """
        state: RunState = filled_in(template, arrays, "state")
        return state

    def close(self, state: RunState) -> None:
        """Gives back what a state holds besides arrays: nothing."""

    def _run_iterations(
        self, state: RunState, call: Call, numbers: dict[str, tf.Tensor], seeds: dict[str, tf.Tensor]
    ) -> tuple[RunState, dict[str, tf.Tensor]]:
        step = Iteration(self, call, numbers, seeds)
        first_window = tf.truncatediv(call.first_iteration, step.numbers.log_interval)

        def iterate(index: tf.Tensor, state: RunState, log: dict[str, tf.Tensor]) -> Any:
            state, losses = step.learn(step.collect(state))
            row = tf.truncatediv(call.first_iteration + index, step.numbers.log_interval) - first_window
            log = {name: tf.tensor_scatter_nd_add(log[name], [[row]], [losses[name]]) for name in log}
            return index + 1, state, log

        log = {name: tf.concat([[total], tf.zeros([MAX_WINDOWS])], 0) for name, total in state.window.items()}
        _, state, log = tf.while_loop(
            lambda index, *_: index < call.num_iterations, iterate, (tf.constant(0), state, log)
        )
        end = call.first_iteration + call.num_iterations
        last = tf.truncatediv(end, step.numbers.log_interval) - first_window
        return state._replace(window={name: tf.gather(log[name], last) for name in log}), log


class Iteration:
    """What an iteration does, while a program is traced."""

    def __init__(self, loop: Loop, call: Call, numbers: dict[str, tf.Tensor], seeds: dict[str, tf.Tensor]) -> None:
        unset = {name: value for name, value in vars(loop.agent.shape).items() if value is None}
        self.agent, self.environment, self.memory, self.call = loop.agent, loop.environment, loop.memory, call
        self.numbers = SimpleNamespace(**unset, **numbers)
        self.seeds = SimpleNamespace(**seeds)

    def clock(self, state: RunState) -> Clock:
        """How far the run is."""
        num_steps = state.interaction.num_steps
        progress = tf.cast(num_steps, tf.float32) / tf.cast(self.numbers.total_steps, tf.float32)
        return Clock(num_steps, state.num_updates, progress)

    def collect(self, state: RunState) -> RunState:
        """An iteration's environment steps."""
        end = state.interaction.num_steps + self.call.collect_steps * self.agent.shape.num_environments
        return tf.while_loop(lambda state: state.interaction.num_steps < end, lambda state: [self.act(state)], [state])[
            0
        ]

    def act(self, state: RunState) -> RunState:
        """One step in each environment; a new episode begins where one ended."""
        agent, environment, now = self.agent, self.environment, state.interaction
        num_environments, clock = agent.shape.num_environments, self.clock(state)
        shown = environment.observe(now.state)  # [E, O]
        chosen = choose_action(agent, state.parts, shown, now.carry, self.numbers, clock, self.seeds)
        next_state, reward, terminated = environment.step(now.state, chosen.taken)
        num_steps, episode_step = now.num_steps + num_environments, now.episode_step + 1
        is_boundary = terminated | (episode_step >= environment.max_episode_steps)  # [E]
        seen = Seen(shown, reward, terminated, is_boundary, environment.observe(next_state))
        parts, experience, carry = watch_step(agent, state.parts, chosen, seen, self.numbers)
        first_state = environment.reset(tf.stack([self.seeds.reset, num_steps]), num_environments)
        next_state, episode_step = choose(
            is_boundary, (first_state, tf.zeros_like(episode_step)), (next_state, episode_step)
        )
        return state._replace(
            parts=parts,
            interaction=Interaction(next_state, episode_step, carry, num_steps),
            memory=self.memory.add(state.memory, experience, clock),
        )

    def learn(self, state: RunState) -> tuple[RunState, dict[str, tf.Tensor]]:
        """An iteration's updates; the figures are means over them."""
        clock = self.memory.clock_of_updates(self.clock(state), self.numbers)
        numbers = SimpleNamespace(**vars(self.numbers) | learning_rates_at(clock.progress, self.numbers))
        memory, parts, num_updates, losses = self.memory.learn(
            state.memory, state.parts, clock, self.call.train_steps, numbers, self.seeds
        )
        return state._replace(memory=memory, parts=parts, num_updates=num_updates), losses


class Chosen(NamedTuple):
    """What an agent does in a step.

    Attributes:
      observation: what it saw, as `Agent.view` gave it. [E, O]
      acted: what it chose to do, or what was drawn for it before the first iteration.
      taken: the actions as the environment takes them. [E] or [E, A]
    """

    observation: Any
    acted: Acted
    taken: Any


class Seen(NamedTuple):
    """What an environment shows of a step; the names are those of `Experience`."""

    observation: Any
    reward: Any
    terminated: Any
    is_boundary: Any
    next_observation: Any


def choose_action(
    agent: Agent, parts: Parts, shown: tf.Tensor, carry: Any, numbers: Any, clock: Clock, seeds: Any
) -> Chosen:
    """What an agent does where it is shown observations [E, O] by its environments."""
    observation = agent.view(parts, shown)
    acted = agent.act(parts, observation, carry, numbers, clock, seed_at(seeds.act, clock.num_steps))
    seed = seed_at(seeds.warm_up, clock.num_steps)
    explored = random_action(agent.environment, seed, agent.shape.num_environments)
    action = tf.where(clock.num_steps < numbers.warm_up_steps, explored, acted.action)
    return Chosen(observation, acted._replace(action=action), in_bounds(agent.environment, action))


def watch_step(agent: Agent, parts: Parts, chosen: Chosen, seen: Seen, numbers: Any) -> tuple[Parts, Experience, Any]:
    """What a step leaves with an agent: its parts, the experience to remember, and the carry for the next step."""
    acted, carry = chosen.acted, chosen.acted.carry
    experience = Experience(seen.observation, acted.action, *seen[1:], acted.extras)
    parts, reward, carry = agent.watch(parts, experience, carry, numbers)
    experience = experience._replace(
        observation=chosen.observation, reward=reward, next_observation=agent.view(parts, seen.next_observation)
    )
    return parts, experience, choose(seen.is_boundary, agent.initial_carry(agent.shape.num_environments), carry)


def choose(condition: tf.Tensor, one: Any, other: Any) -> Any:
    """`one` where the condition [E] holds, else `other`: nests of arrays [E, …]."""

    def pick(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
        rank = len(right.shape) - 1
        return tf.where(tf.reshape(condition, [-1] + [1] * rank), left, right)

    return tf.nest.map_structure(pick, one, other)


def as_tensors(nest: Any) -> Any:
    """A nest of NumPy scalars as tensors, so that their values are inputs of a program and no part of it."""
    return tf.nest.map_structure(tf.constant, nest)


def to_arrays(nest: Any) -> Any:
    """A nest of tensors as NumPy arrays."""
    return tf.nest.map_structure(np.asarray, nest)
