"""Greedy episodes in a compiled program: a fixed number side by side, until all have ended.

Shapes: B episodes side by side, S numbers of state.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.drawing import StateDrawer
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
        self._watch = tf.function(self._watch_row, jit_compile=True, autograph=False)

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
        rows, states = self._begin(seed, purpose, episodes)
        is_playing = np.isin(np.arange(self.num_rows), rows)
        is_new = self._play.experimental_get_tracing_count() == 0
        returns = self._play(parts, states, is_playing).numpy()
        if is_new:
            release_memory()
        return [float(returns[row]) for row in rows]

    def draw(self, parts: Parts, seed: int, purpose: str, episode: int) -> tuple[float, Iterator[np.ndarray]]:
        """Plays an episode, and draws it.

        Args:
          parts, seed, purpose: as of `play`.
          episode: its number.

        Returns:
          Pictures per second, and the pictures, of its beginning and after each step: uint8 [height, width, 3].
        """
        drawer = StateDrawer(self.environment.drawn_by)
        return drawer.frame_rate, (drawer.draw(state) for state in self.states_of(parts, seed, purpose, episode))

    def states_of(self, parts: Parts, seed: int, purpose: str, episode: int) -> np.ndarray:
        """The states of an episode of T steps, played as `play` does. [T + 1, S]"""
        (row,), states = self._begin(seed, purpose, range(episode, episode + 1))
        later, num_steps = self._watch(parts, states, tf.constant(row))
        return np.concatenate([states[row : row + 1], later.numpy()[: int(num_steps)]])

    def _begin(self, seed: int, purpose: str, episodes: range) -> tuple[list[int], np.ndarray]:
        """The rows of episodes, and the states of all rows at the beginning. [B, S]"""
        rows = [number % self.num_rows for number in episodes]
        seeds = [derive_seed(seed, purpose, number) for number in episodes]
        first = self.environment.initial_states(seeds)
        states = np.zeros((self.num_rows, first.shape[1]), first.dtype)
        states[rows] = first
        return rows, states

    def _watch_row(self, parts: Parts, states: tf.Tensor, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Plays one row from `states` [B, S]; gives its states after each step [limit, S], and the number of steps."""
        limit = self.environment.max_episode_steps

        def goes_on(step: tf.Tensor, _: tf.Tensor, is_over: tf.Tensor, __: Any) -> tf.Tensor:
            return (step < limit) & ~is_over

        def act(step: tf.Tensor, states: tf.Tensor, _: tf.Tensor, kept: tf.Tensor) -> Any:
            states, _, terminated = self._advance(parts, states)
            kept = tf.tensor_scatter_nd_update(kept, [[step]], states[row][None])
            return step + 1, states, terminated[row], kept

        kept = tf.zeros([limit, states.shape[1]], states.dtype)
        step, _, _, kept = tf.while_loop(goes_on, act, (tf.constant(0), states, tf.constant(False), kept))
        return kept, step

    def _advance(self, parts: Parts, states: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Moves all rows on by a step; see `Environment.step`."""
        environment = self.environment
        action = self.agent.greedy(parts, environment.observe(states))
        stepped: tuple[tf.Tensor, tf.Tensor, tf.Tensor] = environment.step(states, in_bounds(environment, action))
        return stepped

    def _play_rows(self, parts: Parts, states: tf.Tensor, is_playing: tf.Tensor) -> tf.Tensor:
        """Plays from `states` [B, S] where `is_playing` [B]; gives the returns, float64 [B]."""
        environment = self.environment

        def goes_on(step: tf.Tensor, _: tf.Tensor, is_playing: tf.Tensor, __: tf.Tensor) -> tf.Tensor:
            return (step < environment.max_episode_steps) & tf.reduce_any(is_playing)

        def act(step: tf.Tensor, states: tf.Tensor, is_playing: tf.Tensor, returns: tf.Tensor) -> Any:
            states, reward, terminated = self._advance(parts, states)
            returns += tf.where(is_playing, tf.cast(reward, tf.float64), 0.0)
            return step + 1, states, is_playing & ~terminated, returns

        start = (tf.constant(0), states, is_playing, tf.zeros([self.num_rows], tf.float64))
        return tf.while_loop(goes_on, act, start)[3]
