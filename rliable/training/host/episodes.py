"""Greedy episodes in environments on the host: a fixed number side by side, until all have ended."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rliable.environments.host import HostEnvironment, Instance
from rliable.environments.runtime import tf
from rliable.environments.side_by_side import SideBySide
from rliable.environments.workers import Workers, make_instances
from rliable.seeding import derive_seed
from rliable.training.agent import Agent, Parts, in_bounds
from rliable.training.host.functions import HostFunction


class HostEpisodes:
    """Plays episodes with an agent's greedy policy; its interface is that of `GreedyEpisodes`.

    Episode i always plays in row i modulo B, among rows of which those that do not play are filled up, so its return
    does not depend on who plays beside it.
    """

    def __init__(self, agent: Agent, num_rows: int, uses_xla: bool) -> None:
        self.agent = agent
        self.num_rows, self._uses_xla = num_rows, uses_xla
        self._greedy: HostFunction | None = None
        self._make: Callable[[], SideBySide | Workers] | None = None
        self._instances: SideBySide | Workers | None = None

    @contextlib.contextmanager
    def opened(self, values: Any) -> Iterator[None]:
        """Holds the environments; see `GreedyEpisodes.opened`."""
        assert isinstance(self.agent.environment, HostEnvironment)
        others = self._make, self._instances
        self._make = functools.partial(make_instances, self.agent.environment, self.num_rows, False, values.stepping)
        self._instances = self._make()
        try:
            yield
        finally:
            self._instances.close()
            self._make, self._instances = others

    def play(self, parts: Parts, seed: int, purpose: str, episodes: range) -> list[float]:
        """Plays episodes; see `GreedyEpisodes.play`."""
        if len(episodes) > self.num_rows:
            raise ValueError(f"{len(episodes)} episodes at once, at most {self.num_rows} are possible")
        rows = [number % self.num_rows for number in episodes]
        returns = dict.fromkeys(rows, 0.0)
        shown = self._filled_up(rows, self._begin(rows, [derive_seed(seed, purpose, number) for number in episodes]))
        assert self._instances is not None
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

    def _begin(self, rows: list[int], seeds: list[int]) -> list[np.ndarray]:
        """Begins episodes anew; in new instances where one goes on from where another has left it."""
        assert self._make is not None and self._instances is not None
        first, continues = self._instances.reset(rows, seeds)
        if any(continues):
            self._instances.close()
            self._instances = self._make()
            first, _ = self._instances.reset(rows, seeds)
        return first

    def draw(self, parts: Parts, seed: int, purpose: str, episode: int) -> tuple[float, Iterator[np.ndarray]]:
        """Plays an episode, and draws it; see `GreedyEpisodes.draw`."""
        assert isinstance(self.agent.environment, HostEnvironment)
        instance = self.agent.environment.make(render_mode="rgb_array")
        return instance.frame_rate, self._pictures(instance, parts, derive_seed(seed, purpose, episode), episode)

    def _pictures(self, instance: Instance, parts: Parts, seed: int, episode: int) -> Iterator[np.ndarray]:
        row, is_over = episode % self.num_rows, False
        shown = self._filled_up([row], [instance.reset(seed)])
        greedy = self._greedy or self._trace(parts, shown)
        greedy.bind(parts)
        yield instance.render()
        while not is_over:
            shown[row], _, terminated, truncated = instance.step(greedy.call(shown)[row])
            is_over = terminated or truncated
            yield instance.render()
        instance.close()

    def _filled_up(self, rows: list[int], first: list[np.ndarray]) -> np.ndarray:
        """What all rows show at the beginning; those that do not play show zeros."""
        shown = np.zeros([self.num_rows, *first[0].shape], first[0].dtype)
        shown[rows] = np.stack(first)
        return shown

    def _trace(self, parts: Parts, shown: np.ndarray) -> HostFunction:
        self._greedy = HostFunction(self._best, [parts], [shown], self._uses_xla)
        return self._greedy

    def _best(self, parts: Parts, shown: tf.Tensor) -> tf.Tensor:
        return in_bounds(self.agent.environment, self.agent.greedy(parts, shown))
