"""Models that are judged by the returns of episodes, which can be played anywhere and in any order."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from models.base_model import BaseModel
from rliable.metrics import RETURN_METRICS, return_metrics


class EpisodicModel(BaseModel):
    """A model whose evaluation is a fixed number of independent episodes.

    Episode i has its own seed, and episodes are played in slices of `EPISODES_PER_SLICE`, so it does not matter which
    process plays which slice: at level 2 idle slots take slices of a run that is being evaluated elsewhere.
    """

    EPISODES_PER_SLICE: ClassVar[int] = 10
    metrics = RETURN_METRICS

    @property
    @abstractmethod
    def num_test_episodes(self) -> int:
        """How many episodes the final evaluation plays, at least 1."""

    @abstractmethod
    def run_episodes(self, data: Any, episodes: range) -> list[float]:
        """Plays test episodes with the trained policy.

        The answer depends on the policy, `cfg["seed"]` and the episode numbers alone: calling it twice, elsewhere or
        in another order gives the same bits.

        Args:
          data: the test environment.
          episodes: consecutive episode numbers, at most `EPISODES_PER_SLICE` of them.

        Returns:
          The return of each, in order.
        """

    def slices(self, num_episodes: int | None = None) -> list[range]:
        """The test episodes (the first `num_episodes`), cut into slices; only the last may be shorter."""
        size, total = self.EPISODES_PER_SLICE, num_episodes or self.num_test_episodes
        return [range(first, min(first + size, total)) for first in range(0, total, size)]

    def evaluate(self, data: Any) -> tuple[list[float], dict[str, float]]:
        returns = [episode_return for part in self.slices() for episode_return in self.run_episodes(data, part)]
        return returns, return_metrics(returns)
