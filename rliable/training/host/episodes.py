"""Greedy episodes in environments on the host: a fixed number side by side, until all have ended."""

from __future__ import annotations

import functools

import numpy as np

from rliable.environments.host import HostEnvironment
from rliable.environments.runtime import tf
from rliable.environments.side_by_side import SideBySide
from rliable.seeding import derive_seed
from rliable.training.agent import Agent, Parts, in_bounds
from rliable.training.host.functions import HostFunction


class HostEpisodes:
    """Plays episodes with an agent's greedy policy; its interface is that of `GreedyEpisodes`.

    Episode i always plays in row i modulo B, among rows of which those that do not play are filled up, so its return
    does not depend on who plays beside it.
    """

    def __init__(self, agent: Agent, num_rows: int) -> None:
        self.agent = agent
        self.num_rows = num_rows
        self._greedy: HostFunction | None = None

    def play(self, parts: Parts, seed: int, purpose: str, episodes: range) -> list[float]:
        """Plays episodes; see `GreedyEpisodes.play`."""
        if len(episodes) > self.num_rows:
            raise ValueError(f"{len(episodes)} episodes at once, at most {self.num_rows} are possible")
        rows = [number % self.num_rows for number in episodes]
        returns = dict.fromkeys(rows, 0.0)
        shown = self._begin(rows, [derive_seed(seed, purpose, number) for number in episodes])
        playing, greedy = rows, self._greedy or self._trace(parts, shown)
        greedy.bind(parts)
        while playing:
            actions = greedy.call(shown)
            stepped = self._instances.step(playing, actions[playing])
            shown[playing] = stepped.observation
            for row, reward in zip(playing, stepped.reward.tolist(), strict=True):
                returns[row] += reward
            playing = [row for row, ended in zip(playing, stepped.is_boundary.tolist(), strict=True) if not ended]
        return [returns[row] for row in rows]

    def _begin(self, rows: list[int], seeds: list[int]) -> np.ndarray:
        """What all rows show at the beginning; those that do not play show zeros."""
        first, _ = self._instances.reset(rows, seeds)
        shown = np.zeros([self.num_rows, *first[0].shape], first[0].dtype)
        shown[rows] = np.stack(first)
        return shown

    def _trace(self, parts: Parts, shown: np.ndarray) -> HostFunction:
        self._greedy = HostFunction(self._best, [parts], [shown], self.agent.networks.is_fast_in_xla)
        return self._greedy

    def _best(self, parts: Parts, shown: tf.Tensor) -> tf.Tensor:
        return in_bounds(self.agent.environment, self.agent.greedy(parts, shown))

    @functools.cached_property
    def _instances(self) -> SideBySide:
        assert isinstance(self.agent.environment, HostEnvironment)
        return SideBySide(self.agent.environment, self.num_rows, is_training=False)
