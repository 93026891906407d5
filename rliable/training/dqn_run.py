"""One run of DQN: from its hyperparameters to a trained network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rliable.environments.base import Environment
from rliable.seeding import derive_seed
from rliable.training.dqn_agent import DQNShape
from rliable.training.dqn_policy import QPolicyProgram, q_policy_program
from rliable.training.dqn_program import DQNProgram, dqn_program
from rliable.training.loop import MAX_WINDOWS, LoopSettings, LoopShape, LoopState

#: Called with the environment steps so far and figures by name.
Report = Callable[..., object]


class DQNRun:
    """A run and, once trained or loaded, its network; several may take turns in one process.

    Args:
      environment: what it trains in.
      hyperparameters: a `models.dqn.DQNHyperparameters`.
      seed: of the run.
      num_rows: episodes that are played side by side.
    """

    def __init__(self, environment: Environment, hyperparameters: Any, seed: int, num_rows: int) -> None:
        if not isinstance(environment, Environment):
            raise TypeError(f"DQN needs an environment inside the graph, found {type(environment).__name__}")
        self.environment = environment
        self.hyperparameters = hyperparameters
        self.seed = seed
        self.evaluation_environment = environment
        self.num_rows = num_rows
        self.trained: list[np.ndarray] = []

    @property
    def program(self) -> DQNProgram:
        """The compiled training loop."""
        values = self.hyperparameters
        clips = values.gradient_clipping is not None
        agent_shape = DQNShape(values.hidden_sizes, values.double, values.loss, clips)
        loop_shape = LoopShape(values.batch_size, values.replay_buffer_max_length, values.n_step)
        return dqn_program(self.environment, agent_shape, loop_shape)

    def policy(self, environment: Environment) -> QPolicyProgram:
        """The greedy policy's programs in an environment."""
        return q_policy_program(environment, self.hyperparameters.hidden_sizes, self.num_rows)

    @property
    def weights(self) -> list[np.ndarray]:
        """The trained network's weights."""
        return self.trained[: 2 * len(self.hyperparameters.hidden_sizes) + 2]

    def train(self, report: Report, evaluation_environment: Environment) -> None:
        """Trains from scratch, with evaluations before, in between and at the end.

        Args:
          report: gets `loss` at the end of each `log_interval` and `average_return` at evaluations.
          evaluation_environment: where evaluations play.

        Raises:
          FloatingPointError: if the loss or the weights are no longer finite.
        """
        values, program = self.hyperparameters, self.program
        self.evaluation_environment = evaluation_environment
        state = program.start(self.seed, **self._numbers())
        report(0, average_return=self._average_return(program))
        state, _ = program.run(state, self._warm_up_settings())
        done = 0
        while done < values.train_iterations:
            state, done = self._train_chunk(program, state, done, report)
        self.trained = program.snapshot()

    def play_test_episodes(self, environment: Environment, episodes: range) -> list[float]:
        """The returns of test episodes, at most `num_rows` of them, with the trained network."""
        return self.policy(environment).play(self.weights, self.seed, "test episode", episodes)

    def actions(self, observations: Any) -> np.ndarray:
        """The trained network's greedy actions (int32 [B]) for observations [B, O]."""
        return self.policy(self.environment).actions(self.weights, np.asarray(observations, np.float32))

    def save(self, folder: Path) -> None:
        """Writes `policy/`, a SavedModel, and `checkpoint/`: both networks, the optimizer, the counters."""
        self.policy(self.environment).export(self.weights, folder / "policy")
        self.program.restore(self.trained)
        self.program.checkpoint.write(str(folder / "checkpoint" / "model"))

    def load(self, folder: Path) -> None:
        """Reads what `save` wrote.

        Raises:
          FileNotFoundError: if there is no checkpoint.
        """
        if not (folder / "checkpoint" / "model.index").is_file():
            raise FileNotFoundError(f"no trained model in {folder}: checkpoint/model.index is missing")
        self.program.checkpoint.read(str(folder / "checkpoint" / "model")).assert_consumed()
        self.trained = self.program.snapshot()

    def _train_chunk(self, program: DQNProgram, state: LoopState, done: int, report: Report) -> tuple[LoopState, int]:
        """Trains to the next evaluation, or as far as one call can log; returns the state and the iterations done."""
        values = self.hyperparameters
        evaluation = (done // values.eval_interval + 1) * values.eval_interval
        end = min(evaluation, values.train_iterations, done + MAX_WINDOWS * values.log_interval)
        state, losses = program.run(state, self._settings(end - done))
        ends = [*range(done + values.log_interval, end, values.log_interval), end]
        check_finite(self._step_at(end), losses, program.weights())
        for last, loss in zip(ends[:-1], losses[:-1], strict=True):
            report(self._step_at(last), loss=float(loss))
        is_evaluated = end in (evaluation, values.train_iterations)
        figures = {"average_return": self._average_return(program)} if is_evaluated else {}
        report(self._step_at(end), loss=float(losses[-1]), **figures)
        return state, end

    def _step_at(self, iterations: int) -> int:
        """How many environment steps were taken after that many iterations."""
        values = self.hyperparameters
        return values.initial_collect_steps + values.collect_steps_per_iteration * iterations

    def _average_return(self, program: DQNProgram) -> float:
        """The mean return of `num_eval_episodes` evaluation episodes, the same ones each time."""
        total, size = self.hyperparameters.num_eval_episodes, self.num_rows
        parts = [range(first, min(first + size, total)) for first in range(0, total, size)]
        weights = program.weights()
        policy = self.policy(self.evaluation_environment)
        played = [policy.play(weights, self.seed, "evaluation episode", part) for part in parts]
        return float(np.mean([value for part in played for value in part]))

    def _numbers(self) -> dict[str, float]:
        """The agent's `DQNNumbers`."""
        values = self.hyperparameters
        return {
            "gamma": values.gamma,
            "learning_rate": values.learning_rate,
            "gradient_clipping": values.gradient_clipping or 1.0,
            "target_update_tau": values.target_update_tau,
            "target_update_period": values.target_update_period,
        }

    def _settings(self, num_iterations: int) -> LoopSettings:
        """The loop's inputs for learning."""
        values = self.hyperparameters
        return LoopSettings(
            num_iterations=np.int32(num_iterations),
            collect_steps=np.int32(values.collect_steps_per_iteration),
            train_steps=np.int32(values.train_steps_per_iteration),
            window=np.int32(values.log_interval),
            epsilon_start=np.float32(values.epsilon_start),
            epsilon_end=np.float32(values.epsilon_end),
            epsilon_first_step=np.int32(values.initial_collect_steps),
            epsilon_decay_steps=np.int32(values.epsilon_decay_steps),
            gamma=np.float32(values.gamma),
            exploration_seed=np.int32(derive_seed(self.seed, "exploration")),
            reset_seed=np.int32(derive_seed(self.seed, "training episode")),
            sample_seed=np.int32(derive_seed(self.seed, "replay")),
        )

    def _warm_up_settings(self) -> LoopSettings:
        """The loop's inputs for collecting with random actions, before anything is learned."""
        steps = np.int32(self.hyperparameters.initial_collect_steps)
        one, zero = np.int32(1), np.int32(0)
        settings = self._settings(1)._replace(collect_steps=steps, train_steps=zero, window=one)
        return settings._replace(epsilon_start=np.float32(1), epsilon_end=np.float32(1))


def check_finite(step: int, losses: np.ndarray, weights: list[np.ndarray]) -> None:
    """Raises FloatingPointError, with the environment step, if a loss or a weight is not finite."""
    if not np.isfinite(losses).all():
        wrong = f"the loss became {losses[~np.isfinite(losses)][0]}"
    elif not all(np.isfinite(array).all() for array in weights):
        wrong = "a weight is no longer finite"
    else:
        return
    raise FloatingPointError(f"{wrong} within {step} environment steps; learning_rate may be too high")
