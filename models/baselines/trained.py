"""A policy of Stable-Baselines3 with what its observations are normalised by: plays episodes, is saved and loaded."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecNormalize

from models.baselines.objects import algorithm_class
from rliable.environments.host import HostEnvironment
from rliable.environments.spaces import counted_from_zero

#: Stable-Baselines3's own formats, which its `load` reads.
MODEL_FILE, NORMALISER_FILE = "model.zip", "vecnormalize.pkl"


@dataclasses.dataclass(frozen=True)
class Trained:
    """An algorithm that has learned, or is learning.

    Attributes:
      algorithm: Stable-Baselines3's.
      normaliser: of its observations, or None.
    """

    algorithm: Any
    normaliser: VecNormalize | None

    def play(self, environment: HostEnvironment, seeds: Sequence[int], num_rows: int) -> list[float]:
        """Plays episodes side by side, always the same number, so that an action does not depend on how many count.

        Args:
          environment: where.
          seeds: of the episodes that count.
          num_rows: at least as many.

        Returns:
          The returns.
        """
        made = [counted_from_zero(environment.make_gymnasium()) for _ in range(num_rows)]
        try:
            return self._play(made, [*seeds, *[seeds[0]] * (num_rows - len(seeds))])[: len(seeds)]
        finally:
            for one in made:
                one.close()

    def act(self, observations: Any, **known: Any) -> tuple[np.ndarray, Any]:
        """The actions without exploration for a batch of observations, and what a recurrent policy remembers."""
        shown = observations if self.normaliser is None else self.normaliser.normalize_obs(observations)
        actions, state = self.algorithm.predict(shown, deterministic=True, **known)
        return actions, state

    def save(self, folder: Path) -> None:
        """Writes what `load_trained` reads."""
        self.algorithm.save(folder / MODEL_FILE)
        if self.normaliser is not None:
            self.normaliser.save(str(folder / NORMALISER_FILE))

    def _play(self, made: list[Any], seeds: Sequence[int]) -> list[float]:
        """Plays an episode in each environment; gives the returns."""
        shown = [one.reset(seed=seed)[0] for one, seed in zip(made, seeds, strict=True)]
        returns, running = [0.0] * len(made), set(range(len(made)))
        state, starts = None, np.ones(len(made), bool)
        while running:
            actions, state = self.act(stacked(shown), state=state, episode_start=starts, **self._masks(made))
            starts = np.zeros(len(made), bool)
            for i in list(running):
                shown[i], reward, terminated, truncated, _ = made[i].step(actions[i])
                returns[i] += float(reward)
                running -= {i} if terminated or truncated else set()
        return returns

    def _masks(self, made: list[Any]) -> dict[str, np.ndarray]:
        """Which actions are allowed, for a policy that asks."""
        if "action_masks" not in inspect.signature(self.algorithm.predict).parameters:
            return {}
        return {"action_masks": np.stack([one.get_wrapper_attr("action_masks")() for one in made])}


def load_trained(algorithm: str, folder: Path, device: str) -> Trained:
    """Reads what `save` wrote.

    Args:
      algorithm: its name.
      folder: where.
      device: where it is to compute.

    Raises:
      FileNotFoundError: there is no trained model.
    """
    if not (folder / MODEL_FILE).is_file():
        raise FileNotFoundError(f"no trained model in {folder}: {MODEL_FILE} is missing")
    normaliser = folder / NORMALISER_FILE
    return Trained(
        algorithm_class(algorithm).load(folder / MODEL_FILE, device=device),
        pickle.loads(normaliser.read_bytes()) if normaliser.is_file() else None,
    )


def stacked(shown: list[Any]) -> Any:
    """Observations of several environments as one batch."""
    if isinstance(shown[0], dict):
        return {name: np.stack([one[name] for one in shown]) for name in shown[0]}
    return np.stack(shown)
