"""Measures what executors cost: `python scripts/benchmark_executors.py [--json PATH]`.

Four questions: how long does an empty run take (in the search's own process, in serial mode's slot, at level 1), how
busy are two slots with runs of unequal length, how much faster is one evaluation on two slots than on one, and how much
faster one training of PPO with its evaluations where a step of the environment is slow.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmark_rows import Row, make_parser, publish
from rliable.executors import ExecutorOptions, make_executor
from rliable.model import BaseModel, EpisodicModel
from rliable.unit import Limits, ModelConfig, Unit, UnitResult

NUM_SLOTS = 2
NUM_EMPTY = 2000
NUM_SLEEPING = 40
SLEEP_SECONDS = (0.2, 2.0)
NUM_EPISODES = 200
STEP_SECONDS = 0.005
STEPS_PER_EPISODE = (4, 16)
SIMULATOR_SECONDS = 0.002
#: 24 rollouts of 128 steps in each of 8 environments, three evaluations of 10 episodes, 100 test episodes.
PPO_PARAMS = {
    "train_iterations": 24,
    "collect_steps_per_iteration": 128,
    "num_environments": 8,
    "batch_size": 256,
    "num_epochs": 4,
    "num_eval_episodes": 10,
    "eval_interval": 12,
    "num_test_episodes": 100,
}


class Sleeper(BaseModel):
    """Trains by sleeping for `seconds`."""

    def train(self, data: Any, *args: Any) -> None:
        time.sleep(self.cfg["hp_params"]["seconds"])

    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        return [], {"reward": 0.0}

    def predict(self, data: Any) -> Any:
        return 0

    def save(self) -> None:
        pass

    def load_model(self) -> None:
        pass


class SlowEnvironment:
    """A random walk on the host whose every step takes `STEP_SECONDS`, as a simulator's may."""

    def __init__(self, seed: list[int]) -> None:
        self._random = np.random.default_rng(seed)
        self._steps_left = int(self._random.integers(*STEPS_PER_EPISODE))

    def step(self, action: float) -> tuple[float, bool]:
        """Gives the reward, and whether the episode has ended."""
        time.sleep(STEP_SECONDS)
        self._steps_left -= 1
        return action * float(self._random.standard_normal()), self._steps_left <= 0


class SlowPlayer(Sleeper, EpisodicModel):
    """A policy that always acts the same in `SlowEnvironment`."""

    @property
    def num_test_episodes(self) -> int:
        return NUM_EPISODES

    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        return EpisodicModel.evaluate(self, data)

    def run_episodes(self, data: Any, episodes: range) -> list[float]:
        return [self.play(SlowEnvironment([self.cfg["seed"], number])) for number in episodes]

    def play(self, environment: SlowEnvironment) -> float:
        """Plays one episode and gives its return."""
        episode_return, is_over = 0.0, False
        while not is_over:
            reward, is_over = environment.step(1.0)
            episode_return += reward
        return episode_return


class SlowCartPole(gymnasium.Env):
    """CartPole whose every step takes `SIMULATOR_SECONDS`; episodes are cut after 200 steps."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, [4], np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self) -> None:
        self._inner, self._num_steps = gymnasium.make("CartPole-v1").unwrapped, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        self._num_steps = 0
        return self._inner.reset(seed=seed)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        time.sleep(SIMULATOR_SECONDS)
        self._num_steps += 1
        shown, reward, terminated, _, info = self._inner.step(int(action))
        return shown, float(reward), terminated, self._num_steps == 200, info


def make_units(name: str, rows: Path, seconds: Iterable[float]) -> list[Unit]:
    """Units of a model of this file, one per training time."""
    return [
        Unit(trial, 0, ModelConfig(f"benchmark_executors:{name}", str(rows), "", {"seconds": length}), trial, Limits())
        for trial, length in enumerate(seconds)
    ]


def run(executor_name: str, units: list[Unit], num_slots: int = 1, level: int = 1) -> list[UnitResult]:
    """Runs units and gives their results in the order in which they came."""
    model = units[0].model
    is_file = Path(model.environment).exists()
    names = (model.class_name,) if is_file else (model.class_name, model.environment)
    files = (model.environment,) if is_file else ()
    options = ExecutorOptions(num_slots, level, class_names=names, files=files)
    executor = make_executor(executor_name, options)
    try:
        results = list(executor.execute(iter(units)))
    finally:
        executor.close()
    errors = [result.error for result in results if result.error is not None]
    if errors:
        raise RuntimeError(errors[0])
    return results


def measure_empty(name: str, rows: Path, executor_name: str, num_slots: int = 1) -> Row:
    """Time per empty run, without the start of the slots."""
    results = run(executor_name, make_units("Sleeper", rows, [0.0] * NUM_EMPTY), num_slots)
    seconds = results[-1].finished - results[0].finished
    return Row(name, 1000 * seconds / (NUM_EMPTY - 1), "ms", "below 1 ms beside the run itself")


def measure_utilisation(rows: Path) -> Row:
    """Share of their time that slots work, from the first start to the last end."""
    lengths = np.random.default_rng(0).uniform(*SLEEP_SECONDS, NUM_SLEEPING)
    results = run("spark", make_units("Sleeper", rows, map(float, lengths)), NUM_SLOTS)
    span = max(result.finished for result in results) - min(result.started for result in results)
    busy = sum(result.slot_seconds for result in results)
    return Row(
        f"{NUM_SLEEPING} sleeping runs, {NUM_SLOTS} slots busy", 100 * busy / (NUM_SLOTS * span), "%", "at least 95 %"
    )


def measure_evaluation(rows: Path) -> list[Row]:
    """One evaluation at level 2 on one slot and on two."""
    seconds, returns = [], []
    for num_slots in (1, NUM_SLOTS):
        (result,) = run("spark", make_units("SlowPlayer", rows, [0.0]), num_slots, level=2)
        seconds.append(result.finished - result.started)
        returns.append(result.predictions)
    if returns[0] != returns[1]:
        raise RuntimeError("the returns differ between one slot and two")
    name = f"{NUM_EPISODES} episodes of 5 ms steps, level 2, "
    return [
        Row(name + "1 slot", seconds[0], "s", ""),
        Row(name + f"{NUM_SLOTS} slots", seconds[1], "s", ""),
        Row("speed-up", seconds[0] / seconds[1], "times", "at least 1.8 times"),
    ]


def measure_training() -> list[Row]:
    """A training of PPO and its evaluation, at level 1 and at level 2 on two slots."""
    seconds, found = [], []
    unit = Unit(0, 0, ModelConfig("PPO", "benchmark_executors:SlowCartPole", "", PPO_PARAMS), 1, Limits())
    for num_slots, level in ((1, 1), (NUM_SLOTS, 2)):
        (result,) = run("spark", [unit], num_slots, level)
        seconds.append(result.finished - result.started)
        found.append((result.predictions, result.learning_curve, result.files["parts.npz"]))
    if found[0] != found[1]:
        raise RuntimeError("the trained agents differ between level 1 and level 2")
    return [
        Row("PPO, steps of 2 ms, level 1, 1 slot", seconds[0], "s", ""),
        Row(f"PPO, steps of 2 ms, level 2, {NUM_SLOTS} slots", seconds[1], "s", ""),
        Row("speed-up, equal weights", seconds[0] / seconds[1], "times", "at least 1.7 times"),
    ]


def measure_all() -> list[Row]:
    """All figures."""
    with tempfile.TemporaryDirectory(prefix="rliable-") as folder:
        rows = Path(folder, "rows.csv")
        rows.write_text("x\n1\n")
        return [
            measure_empty("empty run, in process", rows, "in-process"),
            measure_empty("empty run, serial, 1 slot", rows, "serial"),
            measure_empty(f"empty run, level 1, {NUM_SLOTS} slots", rows, "spark", NUM_SLOTS),
            measure_utilisation(rows),
            *measure_evaluation(rows),
            *measure_training(),
        ]


if __name__ == "__main__":
    options = make_parser(__doc__).parse_args()
    publish(measure_all(), options.json)
