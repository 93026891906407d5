"""The evaluations of a run while it trains, which other processes may help with."""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.helping import Dealer
from rliable.training.agent import Parts
from rliable.training.arrays import from_bytes, to_bytes
from rliable.training.episodes import GreedyEpisodes
from rliable.training.host.episodes import HostEpisodes


class Evaluations:
    """The same episodes each time.

    Args:
      player: of the episodes; its environments are open.
      seed: of the run.
    """

    def __init__(self, player: GreedyEpisodes | HostEpisodes, seed: int) -> None:
        self._player, self._seed = player, seed

    def average_return(self, parts: Parts, number: int, dealer: Dealer) -> float:
        """The mean return of so many episodes with the policy of some parts."""

        def order_for(episodes: range) -> bytes:
            return to_bytes({"episodes": np.array([episodes.start, episodes.stop]), "parts": parts})

        def read(episodes: range, answer: bytes) -> list[float]:
            returns: list[float] = from_bytes(answer)["returns"].tolist()
            return returns

        played = dealer.deal("episode", number, order_for, lambda episodes: self._play(parts, episodes), read)
        return float(np.mean([value for _, returns in played for value in returns]))

    def answer(self, told: dict[str, Any]) -> bytes:
        """Plays what a run in another process asks for."""
        return to_bytes({"returns": np.array(self._play(told["parts"], range(*told["episodes"].tolist())))})

    def _play(self, parts: Parts, episodes: range) -> list[float]:
        size = self._player.num_rows
        slices = [range(first, min(first + size, episodes.stop)) for first in episodes[::size]]
        return [value for part in slices for value in self._player.play(parts, self._seed, "evaluation episode", part)]
