"""Greedy episodes in a compiled program: a fixed number side by side, until all have ended.

Shapes: B episodes side by side, S numbers of state.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.runtime import release_memory, tf
from rliable.seeding import derive_seed
from rliable.training.agent import Agent, Parts, in_bounds


class GreedyEpisodes:
    """Plays episodes with an agent's greedy policy; the first call traces and compiles.

    Every program has the same B, and episode i always plays in row i modulo B: a sum may round differently in a batch
    of another size, or in another row, and one flipped action is another episode. So neither who plays next to an
    episode, nor where, nor when, changes its return.
    """

    def __init__(self, agent: Agent, num_rows: int) -> None:
        assert isinstance(agent.environment, Environment)
        self.agent, self.environment = agent, agent.environment
        self.num_rows = num_rows
        self._play = tf.function(self._play_rows, jit_compile=True, autograph=False)

    def opened(self, values: Any) -> contextlib.AbstractContextManager[None]:
        """Holds what playing needs, while a run plays: nothing here, and on the host its environments.

        Args:
          values: the run's hyperparameters.
        """
        return contextlib.nullcontext()

    def play(self, parts: Parts, seed: int, purpose: str, episodes: range) -> list[float]:
        """Plays episodes.

        Args:
          parts: those that the agent `acts_with`.
          seed: of the run.
          purpose: what they are for, such as "test episode"; with the number of an episode it decides where it starts.
          episodes: consecutive episode numbers, at most B.

        Returns:
          The return of each.
        """
        if len(episodes) > self.num_rows:
            raise ValueError(f"{len(episodes)} episodes at once, at most {self.num_rows} are possible")
        rows = [number % self.num_rows for number in episodes]
        seeds = [derive_seed(seed, purpose, number) for number in episodes]
        first = self.environment.initial_states(seeds)
        states = np.zeros((self.num_rows, first.shape[1]), first.dtype)
        states[rows] = first
        is_playing = np.isin(np.arange(self.num_rows), rows)
        is_new = self._play.experimental_get_tracing_count() == 0
        returns = self._play(parts, states, is_playing).numpy()
        if is_new:
            release_memory()
        return [float(returns[row]) for row in rows]

    def _play_rows(self, parts: Parts, states: tf.Tensor, is_playing: tf.Tensor) -> tf.Tensor:
        """Plays from `states` [B, S] where `is_playing` [B]; gives the returns, float64 [B]."""
        environment = self.environment

        def goes_on(step: tf.Tensor, _: tf.Tensor, is_playing: tf.Tensor, __: tf.Tensor) -> tf.Tensor:
            return (step < environment.max_episode_steps) & tf.reduce_any(is_playing)

        def act(step: tf.Tensor, states: tf.Tensor, is_playing: tf.Tensor, returns: tf.Tensor) -> Any:
            action = self.agent.greedy(parts, environment.observe(states))
            states, reward, terminated = environment.step(states, in_bounds(environment, action))
            returns += tf.where(is_playing, tf.cast(reward, tf.float64), 0.0)
            return step + 1, states, is_playing & ~terminated, returns

        start = (tf.constant(0), states, is_playing, tf.zeros([self.num_rows], tf.float64))
        return tf.while_loop(goes_on, act, start)[3]
