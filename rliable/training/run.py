"""One run of an agent: from its hyperparameters to a trained policy."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rliable.environments.base import Spaces
from rliable.environments.host import HostEnvironment
from rliable.environments.runtime import tf
from rliable.helping import Dealer, Helpers
from rliable.model import RunPaused
from rliable.seeding import derive_seed
from rliable.training.agent import Agent, Parts
from rliable.training.arrays import as_nest, from_bytes, to_bytes
from rliable.training.evaluations import Evaluations
from rliable.training.host.assistant import Assistant
from rliable.training.host.loop import HostLoop
from rliable.training.loop import MAX_WINDOWS, Call, RunState, to_arrays
from rliable.training.old_runs import is_old_run, load_old_network
from rliable.training.program import Program, program_for
from rliable.training.shapes import numbers_of, shape_of

#: Called with the environment steps so far and figures by name.
ReportFigures = Callable[..., object]
#: What a trained run leaves, and what a checkpoint consists of.
PARTS_FILE, STATE_FILE = "parts.npz", "state.npz"
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
      device: where it learns and plays, "CPU" or "GPU".
    """

    def __init__(
        self,
        agent_class: type[Agent],
        environment: Spaces,
        values: Any,
        seed: int,
        num_rows: int,
        device: str = "CPU",
    ) -> None:
        self.agent_class, self.environment, self.values = agent_class, environment, values.as_trained()
        self.seed, self.num_rows, self.device = seed, num_rows, device
        self.evaluation_environment = environment
        self.parts: Parts = {}
        self._keep: Callable[[dict[str, bytes]], object] | None = None
        self._dealer = Dealer(None)
        self._assistant: Assistant | None = None
        self._seeds = {name: np.int32(derive_seed(seed, purpose)) for name, purpose in PURPOSES.items()}

    def program(self, environment: Spaces) -> Program:
        """The compiled functions for an environment."""
        return program_for(self.agent_class, environment, shape_of(self.values), self.num_rows, self.device)

    def train(
        self,
        report: ReportFigures,
        evaluation_environment: Spaces,
        keep: Callable[[dict[str, bytes]], object] | None = None,
        checkpoint: dict[str, bytes] | None = None,
        helpers: Helpers | None = None,
    ) -> None:
        """Trains, with evaluations before, in between and at the end.

        Args:
          report: gets the agent's figures at the end of each `log_interval`, and `average_return` at evaluations.
          evaluation_environment: where evaluations play.
          keep: gets a checkpoint every `checkpoint_interval_steps`, and where the run is paused; files by name.
          checkpoint: such files, to go on from there to the same bits; None to begin anew.
          helpers: other processes that may do parts of it, where the environment steps on the host.

        Raises:
          FloatingPointError: if a figure or a weight is no longer finite.
          RunStopped: the answer to a report.
        """
        self.evaluation_environment, self._keep = evaluation_environment, keep
        self._dealer = Dealer(helpers if isinstance(self.environment, HostEnvironment) else None)
        with self._placed(), self.program(evaluation_environment).episodes.opened(self.values):
            self.parts = to_arrays(self._train(report, checkpoint).parts)

    def help(self, order: bytes) -> bytes:
        """Does a part of the training of a run in another process; see `BaseModel.help`."""
        with self._placed():
            return self._help(as_nest(from_bytes(order)))

    def play_test_episodes(self, environment: Spaces, episodes: range) -> list[float]:
        """The returns of test episodes, at most `num_rows` of them, with the trained policy."""
        player = self.program(environment).episodes
        with self._placed(), player.opened(self.values):
            return player.play(self._acting(self.parts), self.seed, "test episode", episodes)

    def draw_test_episode(self, environment: Spaces, episode: int) -> tuple[float, Iterator[np.ndarray]]:
        """A test episode as pictures; see `EpisodicModel.draw_episode`."""
        player, parts = self.program(environment).episodes, self._acting(self.parts)
        with self._placed():
            frame_rate, pictures = player.draw(parts, self.seed, "test episode", episode)
        return frame_rate, self._each_placed(pictures)

    def actions(self, observations: Any) -> np.ndarray:
        """The trained policy's greedy actions for observations [B, O]."""
        seen = np.asarray(observations, self.environment.observation_type)
        with self._placed():
            return self.program(self.environment).actions(self._acting(self.parts), seen)

    def save(self, folder: Path) -> None:
        """Writes `policy/`, a SavedModel, and `parts.npz`: networks, targets, optimizers, by name."""
        with tf.device("/CPU:0"):  # whoever loads the policy need not have another device
            self.program(self.environment).export(self._acting(self.parts), folder / "policy")
        (folder / PARTS_FILE).write_bytes(to_bytes(self.parts))

    def load(self, folder: Path) -> None:
        """Reads what `save` wrote.

        Raises:
          FileNotFoundError: if there is no trained model.
        """
        if is_old_run(folder):
            self.parts = {self.agent_class.acts_with[0]: load_old_network(folder)}
            return
        if not (folder / PARTS_FILE).is_file():
            raise FileNotFoundError(f"no trained model in {folder}: {PARTS_FILE} is missing")
        self.parts = as_nest(from_bytes((folder / PARTS_FILE).read_bytes()))

    def _placed(self) -> contextlib.AbstractContextManager[None]:
        """The block whose computing TensorFlow does on the run's device."""
        place: contextlib.AbstractContextManager[None] = tf.device(f"/{self.device}:0")
        return place

    def _each_placed(self, pictures: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Pictures, each of which is drawn in such a block."""
        while True:
            with self._placed():
                picture = next(pictures, None)
            if picture is None:
                return
            yield picture

    def _help(self, told: dict[str, Any]) -> bytes:
        if "episodes" in told:
            with self.program(self.evaluation_environment).episodes.opened(self.values):
                return self._evaluations().answer(told)
        if self._assistant is None:
            loop = self.program(self.environment).loop
            assert isinstance(loop, HostLoop)
            self._assistant = Assistant(loop, self.values, self._numbers(), self._seeds)
        return self._assistant.collect(told)

    def _train(self, report: ReportFigures, checkpoint: dict[str, bytes] | None) -> RunState:
        """The state at the end of the training."""
        loop = self.program(self.environment).loop
        new = loop.initial_state(self.values, self._seeds, derive_seed(self.seed, "weights"), self._dealer)
        try:
            state, done = self._begin(new, report) if checkpoint is None else self._restored(new, checkpoint)
            while done < self.values.train_iterations:
                state, done = self._train_chunk(state, done, report)
        finally:
            loop.close(new)
        return state

    def _begin(self, state: RunState, report: ReportFigures) -> tuple[RunState, int]:
        """A new run, after its warm-up: its state and the iterations done."""
        report(0, average_return=self._average_return(state))
        if self.values.warm_up_steps:
            state, _ = self._run(state, Call(0, 1, self.values.warm_up_steps, 0))
        return state, 0

    def _train_chunk(self, state: RunState, done: int, report: ReportFigures) -> tuple[RunState, int]:
        """Trains to the next evaluation or checkpoint, or as far as one call can log.

        Returns:
          The state and the iterations done.
        """
        values, log_interval = self.values, self.values.log_interval
        evaluation = min(next_multiple(done, values.eval_interval), values.train_iterations)
        checkpoint = next_multiple(done, values.iterations_per_checkpoint)
        end = min(evaluation, checkpoint, (done // log_interval + MAX_WINDOWS) * log_interval)
        call = Call(done, end - done, values.collect_steps_per_iteration, values.train_steps)
        state, log = self._run(state, call)
        check_finite(self._step_at(end), log, state.parts)
        windows = range(next_multiple(done, log_interval), end + 1, log_interval)
        rows = {last: figures_of(log, index, log_interval) for index, last in enumerate(windows)}
        if end == values.train_iterations and end % log_interval:
            rows[end] = figures_of(log, len(windows), end % log_interval)
        if end == evaluation:
            rows[end] = rows.get(end, {}) | {"average_return": self._average_return(state)}
        wish = self._report(rows, report)
        if wish is not None or (end == checkpoint and end < values.train_iterations):
            self._keep_checkpoint(state, end)
        if wish is not None:
            raise wish
        return state, end

    def _report(self, rows: dict[int, dict[str, float]], report: ReportFigures) -> RunPaused | None:
        """Reports all rows; gives the search's wish to go on later, if it has it."""
        wish = None
        for iterations, figures in rows.items():
            try:
                report(self._step_at(iterations), **figures)
            except RunPaused as pause:
                wish = pause
        return wish

    def _run(self, state: RunState, call: Call) -> tuple[RunState, dict[str, np.ndarray]]:
        """Runs iterations; see `Loop`."""
        numbers = Call(*(np.int32(number) for number in call))
        return self.program(self.environment).loop.run(state, numbers, self._numbers(), self._seeds)

    def _keep_checkpoint(self, state: RunState, done: int) -> None:
        """Hands on all that the run needs to go on elsewhere."""
        if self._keep is not None:
            arrays = self.program(self.environment).loop.to_arrays(state)
            self._keep({STATE_FILE: to_bytes({"state": arrays, "iterations": np.int64(done)})})

    def _restored(self, template: RunState, checkpoint: dict[str, bytes]) -> tuple[RunState, int]:
        """The state and the iterations done of a checkpoint."""
        arrays = from_bytes(checkpoint[STATE_FILE])
        return self.program(self.environment).loop.restored(template, arrays), int(arrays["iterations"])

    def _step_at(self, iterations: int) -> int:
        """How many environment steps were taken after that many iterations."""
        values = self.values
        return values.num_environments * (values.warm_up_steps + values.collect_steps_per_iteration * iterations)

    def _average_return(self, state: RunState) -> float:
        """The mean return of `num_eval_episodes` evaluation episodes, the same ones each time."""
        number = self.values.num_eval_episodes
        return self._evaluations().average_return(self._acting(state.parts), number, self._dealer)

    def _evaluations(self) -> Evaluations:
        return Evaluations(self.program(self.evaluation_environment).episodes, self.seed)

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


def next_multiple(done: int, interval: int) -> int:
    """The first multiple of `interval` above `done`."""
    return (done // interval + 1) * interval


def figures_of(log: dict[str, np.ndarray], window: int, iterations: int) -> dict[str, float]:
    """The mean of each figure over a window of the log."""
    return {name: float(sums[window]) / iterations for name, sums in log.items()}


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
