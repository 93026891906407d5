"""Measures what many shapes cost a slot: `python scripts/benchmark_memory.py [--json PATH]`.

TensorFlow keeps the code that it compiled until its process ends, and compiling takes seconds. So trials are drawn from
a space in which nearly each has widths, batch, steps of a return and a replay of its own; one process runs them all.
The study of 60 trials trains each for 50,000 steps, and tells which share of the slot's time was training rather than
compiling, evaluating and saving. Of 600 short trials, and of 200 from the README's grid, the resident memory is read.
Two runs that differ in the length of their replay alone tell how often it is held.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmark_rows import Row, make_parser, publish
from rliable.executors.slots.child import GROWTH_BYTES
from rliable.executors.worker import run_unit
from rliable.training.program import Program
from rliable.unit import Limits, ModelConfig, Unit

#: Name of a study -> its trials, the iterations of each.
STUDIES = {"grid": (200, 500), "short": (600, 500), "long": (60, 49_000)}
#: Trials of the grid after which memory is read for the first time.
EARLY = 20
#: Lengths of replay whose runs are compared; what a transition of CartPole takes: two observations of four numbers, an
#: action, a reward, two flags.
REPLAYS, TRANSITION_BYTES = (100_000, 1_000_000), 42


def main() -> None:
    """Measures and publishes."""
    parser = make_parser(__doc__)
    parser.add_argument("--study", choices=STUDIES, help="for the child process: what to run")
    parser.add_argument("--replay", type=int, help="for the child process: transitions that its only run keeps")
    args = parser.parse_args()
    if args.replay:
        run_with_replay(args.replay)
        return
    if args.study:
        run_trials(args.study, *STUDIES[args.study])
        return
    grid, short, (*_, share) = (measure("--study", name) for name in STUDIES)
    small, large = (measure("--replay", str(length))[0] for length in REPLAYS)
    replay = (REPLAYS[1] - REPLAYS[0]) * TRANSITION_BYTES / 1e6
    growth = (max(short) - short[0]) * 1e6
    rows = [
        Row("after 20 trials of 6 shapes", grid[EARLY - 1], "MB", "at most 900 MB"),
        Row("after 200 trials of 6 shapes", grid[-1], "MB", "at most 900 MB"),
        Row("growth from 20 trials to 200", grid[-1] / grid[EARLY - 1], "times", "at most 1.3"),
        Row("after 60 trials of different shapes", short[59], "MB"),
        Row("most in 600 trials of different shapes", max(short), "MB", "at most 1,500 MB"),
        Row("its growth against that at which a process is replaced", growth / GROWTH_BYTES, "times", "below 1"),
        Row("memory of a run against the size of its replay", (large - small) / replay, "times", "at most 2.2"),
        Row("60 trials of different shapes, 50,000 steps each: time that trains", 100 * share, "%", "at least 80 %"),
    ]
    publish(rows, args.json)


def measure(*arguments: str) -> list[float]:
    """What a child process prints: resident memory in MB after each trial, or the share of its time that trained."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def run_trials(study: str, num_trials: int, iterations: int) -> None:
    """Runs the trials of one study in this process."""
    training = TrainingTime()
    started, generator = time.perf_counter(), random.Random(1)
    for number in range(num_trials):
        drawn = from_grid(generator) if study == "grid" else from_space(generator)
        hp_params = {"train_iterations": iterations, "initial_collect_steps": 1000, "num_eval_episodes": 10, **drawn}
        config = ModelConfig("DQN", "CartPole-v1", "", {**hp_params, "eval_interval": 10_000})
        result = run_unit(Unit(number, 0, config, number, Limits()), "slot")
        assert result.error is None, result.traceback
        if study != "long":
            print(psutil.Process().memory_info().rss / 1e6, flush=True)
    if study == "long":
        print(training.seconds / (time.perf_counter() - started))


def run_with_replay(length: int) -> None:
    """Prints the most memory, in MB, of a process in which one run fills a replay of some length."""
    hp_params = {"train_iterations": 20_000, "collect_steps_per_iteration": 50, "replay_buffer_max_length": length}
    config = ModelConfig("DQN", "CartPole-v1", "", {**hp_params, "qnet_fc_hidden_size": 32, "batch_size": 16})
    result = run_unit(Unit(0, 0, config, 0, Limits()), "slot")
    assert result.error is None, result.traceback
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def from_grid(generator: random.Random) -> dict[str, Any]:
    """A configuration of the README's grid."""
    return {"qnet_fc_hidden_size": generator.choice((20, 100, 400)), "batch_size": generator.choice((32, 64))}


def from_space(generator: random.Random) -> dict[str, Any]:
    """A configuration of a space whose every dimension could be a shape."""
    return {
        "qnet_fc_hidden_size": generator.randint(32, 256),
        "batch_size": generator.choice((32, 64, 128)),
        "n_step": generator.randint(1, 5),
        "replay_buffer_max_length": generator.randint(10_000, 100_000),
    }


class TrainingTime:
    """Adds up how long compiled programs train in this process, the calls in which they are compiled left out."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._run = Program.run
        Program.run = lambda *args: self._measured(*args)  # type: ignore[method-assign]

    def _measured(self, program: Program, *args: Any) -> Any:
        before, started = program.loop.run.experimental_get_tracing_count(), time.perf_counter()
        result = self._run(program, *args)
        if program.loop.run.experimental_get_tracing_count() == before:
            self.seconds += time.perf_counter() - started
        return result


if __name__ == "__main__":
    main()
