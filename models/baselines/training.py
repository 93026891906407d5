"""One training of an algorithm of Stable-Baselines3, with evaluations, reports and checkpoints in between."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecNormalize

from models.baselines.checkpoint import from_checkpoint, to_checkpoint
from models.baselines.constructors import constructors
from models.baselines.objects import algorithm_class, constructor_arguments
from models.baselines.settings import BaselineHyperparameters
from models.baselines.trained import Trained
from rliable.environments.host import HostEnvironment
from rliable.environments.spaces import counted_from_zero
from rliable.model import RunPaused
from rliable.seeding import derive_seed

#: What is logged and says nothing about learning.
UNTOLD = ("n_updates", "iterations")


class CheckpointDue(Exception):
    """Ends a call of `learn` where all that it needs to go on can be kept."""


class Training:
    """A training from its hyperparameters to a trained policy.

    Args:
      values: the hyperparameters.
      environment: what it trains in.
      evaluation_environment: where evaluations play.
      seed: of the run.
      num_rows: episodes that are played side by side.
    """

    def __init__(
        self,
        values: BaselineHyperparameters,
        environment: HostEnvironment,
        evaluation_environment: HostEnvironment,
        seed: int,
        num_rows: int,
    ) -> None:
        self.values, self.seed, self.num_rows = values, seed, num_rows
        self.environment, self.evaluation_environment = environment, evaluation_environment

    def run(
        self,
        report: Callable[..., object],
        keep: Callable[[dict[str, bytes]], object],
        checkpoint: dict[str, bytes] | None = None,
    ) -> Trained:
        """Trains.

        At each checkpoint the training goes on from the checkpoint's own files, as it would in another process.

        Args:
          report: gets the steps so far and figures by name.
          keep: gets each checkpoint, files by name.
          checkpoint: such files, to go on from there; None to begin anew.

        Raises:
          FloatingPointError: a loss is no longer finite.
          RunStopped: the answer to a report.
        """
        trained = self._begin() if checkpoint is None else self._restored(checkpoint)
        follower = Follower(self, trained, report, None if checkpoint is None else trained.algorithm.num_timesteps)
        while trained.algorithm.num_timesteps < self.values.total_timesteps:
            try:
                self._learn(trained, follower)
            except CheckpointDue:
                files = to_checkpoint(trained)
                keep(files)
                if follower.wish is not None:
                    raise follower.wish from None
                trained = follower.trained = self._restored(files)
        follower.tell(trained.algorithm.num_timesteps, is_last=True)
        return trained

    def average_return(self, trained: Trained) -> float:
        """The mean return of `num_eval_episodes` evaluation episodes, the same ones each time."""
        total, size = self.values.num_eval_episodes, self.num_rows
        slices = [range(first, min(first + size, total)) for first in range(0, total, size)]
        played = [self.play(trained, self.evaluation_environment, "evaluation episode", part) for part in slices]
        return float(np.mean([value for returns in played for value in returns]))

    def play(self, trained: Trained, environment: HostEnvironment, purpose: str, episodes: range) -> list[float]:
        """The returns of some of the episodes that are played for a purpose."""
        seeds = [derive_seed(self.seed, purpose, episode) for episode in episodes]
        return trained.play(environment, seeds, self.num_rows)

    def _learn(self, trained: Trained, follower: Follower) -> None:
        """Trains to the next checkpoint, or to the end."""
        trained.algorithm.set_logger(Logger(None, []))
        remaining = self.values.total_timesteps - trained.algorithm.num_timesteps
        try:
            trained.algorithm.learn(remaining, callback=follower, log_interval=None, reset_num_timesteps=False)
        finally:
            trained.algorithm.get_env().close()

    def _begin(self) -> Trained:
        """A new algorithm in new environments."""
        values, environments = self.values, self._make_environments()
        normaliser = self._normalise(environments)
        algorithm = algorithm_class(values.algorithm)(
            values.policy or fitting_policy(environments.observation_space, constructors()[values.algorithm].policies),
            normaliser or environments,
            device=values.device,
            seed=derive_seed(self.seed, "training", 0),
            **constructor_arguments(values, math.prod(environments.action_space.shape)),
        )
        return Trained(algorithm, normaliser)

    def _restored(self, files: dict[str, bytes]) -> Trained:
        """The algorithm of a checkpoint in new environments."""
        trained = from_checkpoint(files, self.values.algorithm, self._make_environments(), self.values.device)
        trained.algorithm.set_random_seed(derive_seed(self.seed, "training", trained.algorithm.num_timesteps))
        return trained

    def _make_environments(self) -> VecEnv:
        return DummyVecEnv([functools.partial(monitored, self.environment)] * self.values.num_envs)

    def _normalise(self, environments: VecEnv) -> VecNormalize | None:
        given = self.values.normalize
        if given is False:
            return None
        gamma = {"gamma": self.values.arguments()["gamma"]} if "gamma" in self.values.arguments() else {}
        return VecNormalize(environments, **{**gamma, **(given if isinstance(given, dict) else {})})


class Follower(BaseCallback):
    """Reports, evaluates and calls for checkpoints where an algorithm begins to collect, its updates behind it.

    Attributes:
      trained: what learns.
      wish: the search's wish to go on later, if it has it.
    """

    def __init__(self, training: Training, trained: Trained, report: Callable[..., object], step: int | None) -> None:
        """Follows a training that begins, or goes on, at a step."""
        super().__init__()
        self.trained = trained
        self.wish: RunPaused | None = None
        self._training = training
        self._report = report
        self._step = step

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        step, interval = self.model.num_timesteps, self._training.values.checkpoint_interval_steps
        is_due = bool(interval and self._step is not None and passes(self._step, step, interval))
        if step != self._step:
            self.tell(step)
        if is_due or self.wish is not None:
            raise CheckpointDue

    def tell(self, step: int, is_last: bool = False) -> None:
        """Reports what is due at a step."""
        values, last = self._training.values, self._step
        row: dict[str, float] = {}
        if last is not None and (is_last or passes(last, step, values.log_interval)):
            row |= self._figures(step)
        if last is None or is_last or passes(last, step, values.eval_interval):
            row["average_return"] = self._training.average_return(self.trained)
        self._step = step
        try:
            if row:
                self._report(step, **row)
        except RunPaused as pause:
            if is_last:
                raise
            self.wish = pause

    def _figures(self, step: int) -> dict[str, float]:
        """What the algorithm has logged since the last time, and the mean return of its last training episodes."""
        algorithm = self.trained.algorithm
        logged = {name.partition("/")[2]: value for name, value in algorithm.logger.name_to_value.items()}
        algorithm.logger.dump(step)
        told = {name: float(value) for name, value in logged.items() if name not in UNTOLD}
        wrong = next((name for name, value in told.items() if "loss" in name and not math.isfinite(value)), None)
        if wrong is not None:
            words = f"{wrong} became {told[wrong]} within {step} environment steps; learning_rate may be too high"
            raise FloatingPointError(words)
        returns = [episode["r"] for episode in algorithm.ep_info_buffer]
        return {name: value for name, value in told.items() if math.isfinite(value)} | (
            {"ep_rew_mean": float(np.mean(returns))} if returns else {}
        )


def passes(before: int, now: int, interval: int) -> bool:
    """Tells whether a multiple of an interval lies above one step, and not above another."""
    return now // interval > before // interval


def monitored(environment: HostEnvironment) -> Monitor:
    """A new instance to train in, which tells the returns of its episodes."""
    return Monitor(counted_from_zero(environment.make_gymnasium(is_training=True)))


def fitting_policy(space: Any, policies: tuple[str, ...]) -> str:
    """The one of an algorithm's policies that is for such observations."""
    kind = "MultiInput" if hasattr(space, "spaces") else "Cnn" if is_image_space(space) else "Mlp"
    return next((policy for policy in policies if policy.startswith(kind)), f"{kind}Policy")
