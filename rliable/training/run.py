"""One run of an agent: from its hyperparameters to a trained policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.runtime import tf
from rliable.seeding import derive_seed
from rliable.training.agent import Agent, Parts
from rliable.training.arrays import load_arrays, save_arrays
from rliable.training.loop import MAX_WINDOWS, Call, RunState
from rliable.training.program import Program, program_for
from rliable.training.shapes import numbers_of, shape_of

#: Called with the environment steps so far and figures by name.
Report = Callable[..., object]
#: What a run draws random numbers for while it trains -> the purpose that its seed is derived for.
PURPOSES = {
    "act": "exploration",
    "warm_up": "warm-up",
    "reset": "training episode",
    "replay": "replay",
    "update": "update",
}


class Run:
    """A run and, once trained or loaded, its policy; several may take turns in one process.

    Args:
      agent_class: the algorithm.
      environment: what it trains in.
      values: its hyperparameters.
      seed: of the run.
      num_rows: episodes that are played side by side.
    """

    def __init__(
        self, agent_class: type[Agent], environment: Environment, values: Any, seed: int, num_rows: int
    ) -> None:
        self.agent_class, self.environment, self.values = agent_class, environment, values.as_trained()
        self.seed, self.num_rows = seed, num_rows
        self.evaluation_environment = environment
        self.parts: Parts = {}

    def program(self, environment: Environment) -> Program:
        """The compiled functions for an environment."""
        return program_for(self.agent_class, environment, shape_of(self.values), self.num_rows)

    def train(self, report: Report, evaluation_environment: Environment) -> None:
        """Trains from scratch, with evaluations before, in between and at the end.

        Args:
          report: gets the agent's figures at the end of each `log_interval`, and `average_return` at evaluations.
          evaluation_environment: where evaluations play.

        Raises:
          FloatingPointError: if a figure or a weight is no longer finite.
        """
        values, program = self.values, self.program(self.environment)
        self.evaluation_environment = evaluation_environment
        seeds = {name: np.int32(derive_seed(self.seed, purpose)) for name, purpose in PURPOSES.items()}
        state = program.loop.initial_state(values, seeds, derive_seed(self.seed, "weights"))
        report(0, average_return=self._average_return(state))
        if values.warm_up_steps:
            call = Call(0, 1, values.warm_up_steps, 0)
            state, _ = program.run(state, int32(call), self._numbers(), seeds)
        done = 0
        while done < values.train_iterations:
            state, done = self._train_chunk(program, state, done, seeds, report)
        self.parts = to_arrays(state.parts)

    def play_test_episodes(self, environment: Environment, episodes: range) -> list[float]:
        """The returns of test episodes, at most `num_rows` of them, with the trained policy."""
        return self.program(environment).episodes.play(self._acting(self.parts), self.seed, "test episode", episodes)

    def actions(self, observations: Any) -> np.ndarray:
        """The trained policy's greedy actions for observations [B, O]."""
        program = self.program(self.environment)
        return program.actions(self._acting(self.parts), np.asarray(observations, np.float32))

    def save(self, folder: Path) -> None:
        """Writes `policy/`, a SavedModel, and `parts.npz`: networks, targets, optimizers, by name."""
        self.program(self.environment).export(self._acting(self.parts), folder / "policy")
        save_arrays(folder / "parts.npz", self.parts)

    def load(self, folder: Path) -> None:
        """Reads what `save` wrote.

        Raises:
          FileNotFoundError: if there is no trained model.
        """
        if not (folder / "parts.npz").is_file():
            raise FileNotFoundError(f"no trained model in {folder}: parts.npz is missing")
        self.parts = load_arrays(folder / "parts.npz")

    def _train_chunk(
        self, program: Program, state: RunState, done: int, seeds: dict[str, np.int32], report: Report
    ) -> tuple[RunState, int]:
        """Trains to the next evaluation, or as far as one call can log; returns the state and the iterations done."""
        values = self.values
        evaluation = min((done // values.eval_interval + 1) * values.eval_interval, values.train_iterations)
        end = min(evaluation, (done // values.log_interval + MAX_WINDOWS) * values.log_interval)
        call = Call(
            done, end - done, values.collect_steps_per_iteration, getattr(values, "train_steps_per_iteration", 1)
        )
        state, log = program.run(state, int32(call), self._numbers(), seeds)
        check_finite(self._step_at(end), log, state.parts)
        windows = [*range((done // values.log_interval + 1) * values.log_interval, end + 1, values.log_interval)]
        rows = {last: figures_of(log, index, values.log_interval) for index, last in enumerate(windows)}
        if end == values.train_iterations and end % values.log_interval:
            rows[end] = figures_of(log, len(windows), end % values.log_interval)
        if end == evaluation:
            rows[end] = rows.get(end, {}) | {"average_return": self._average_return(state)}
        for last, figures in rows.items():
            report(self._step_at(last), **figures)
        return state, end

    def _step_at(self, iterations: int) -> int:
        """How many environment steps were taken after that many iterations."""
        values = self.values
        return values.num_environments * (values.warm_up_steps + values.collect_steps_per_iteration * iterations)

    def _average_return(self, state: RunState) -> float:
        """The mean return of `num_eval_episodes` evaluation episodes, the same ones each time."""
        total, size = self.values.num_eval_episodes, self.num_rows
        slices = [range(first, min(first + size, total)) for first in range(0, total, size)]
        parts, episodes = self._acting(state.parts), self.program(self.evaluation_environment).episodes
        played = [episodes.play(parts, self.seed, "evaluation episode", part) for part in slices]
        return float(np.mean([value for returns in played for value in returns]))

    def _acting(self, parts: Parts) -> Parts:
        """The parts that the greedy policy needs."""
        return {name: parts[name] for name in self.agent_class.acts_with}

    def _numbers(self) -> dict[str, np.generic]:
        """The program's inputs that come from the hyperparameters."""
        warm_up_steps = np.int32(self.values.warm_up_steps * self.values.num_environments)
        return {
            **numbers_of(self.values),
            "warm_up_steps": warm_up_steps,
            "total_steps": np.int32(self.values.total_steps),
        }


def int32(call: Call) -> Call:
    """A call's numbers as the program takes them."""
    return Call(*(np.int32(number) for number in call))


def figures_of(log: dict[str, np.ndarray], window: int, iterations: int) -> dict[str, float]:
    """The mean of each figure over a window of the log."""
    return {name: float(sums[window]) / iterations for name, sums in log.items()}


def to_arrays(nest: Any) -> Any:
    """A nest of tensors as NumPy arrays."""
    return tf.nest.map_structure(np.asarray, nest)


def check_finite(step: int, log: dict[str, np.ndarray], parts: Parts) -> None:
    """Raises FloatingPointError, with the environment step, if a figure or a weight is not finite."""
    wrong = next(
        (f"{name} became {sums[~np.isfinite(sums)][0]}" for name, sums in log.items() if not np.isfinite(sums).all()),
        None,
    )
    if wrong is None and not all(np.isfinite(array).all() for array in tf.nest.flatten(to_arrays(parts))):
        wrong = "a weight is no longer finite"
    if wrong is not None:
        raise FloatingPointError(f"{wrong} within {step} environment steps; learning_rate may be too high")
