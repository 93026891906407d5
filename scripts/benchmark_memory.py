"""Measures the memory of a slot's process: `python scripts/benchmark_memory.py [--json PATH]`.

A fresh process runs DQN trials whose shapes are drawn from the README's grid (three widths, two batch sizes); its
resident memory is read after 20 and after 200 of them. A second process runs 20 trials of which each has a shape of its
own: TensorFlow keeps the code it compiled until its process ends. So a slot replaces a process that has grown: the last
figure is the peak of one over 30 trials of different shapes.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmark_rows import Row, make_parser, publish

from rliable.executors import ExecutorOptions, make_executor
from rliable.executors.worker import run_unit
from rliable.unit import Limits, ModelConfig, Unit

NUM_TRIALS = {"of the grid": (20, 200), "all different": (10, 20)}
WIDTHS = {"of the grid": (20, 100, 400), "all different": tuple(range(16, 316))}
BATCH_SIZES = (32, 64)
NUM_SLOT_TRIALS = 30


def main() -> None:
    """Measures and publishes."""
    parser = make_parser(__doc__)
    parser.add_argument("--trials", choices=WIDTHS, help="for the child process: which widths to draw from")
    args = parser.parse_args()
    if args.trials:
        run_trials(args.trials)
        return
    early, late = measure("of the grid")
    few, more = measure("all different")
    rows = [
        Row("after 20 trials of 6 shapes", early, "MB", "at most 900 MB"),
        Row("after 200 trials of 6 shapes", late, "MB", "at most 900 MB"),
        Row("growth from 20 trials to 200", late / early, "times", "at most 1.3"),
        Row("added by each trial of a new shape", (more - few) / 10, "MB"),
        Row("peak of a slot, 30 trials of different shapes", measure_slot_peak(), "MB", "at most 900 MB"),
    ]
    publish(rows, args.json)


def measure(widths: str) -> list[float]:
    """Resident memory of a child process in MB, after each of two numbers of trials."""
    command = [sys.executable, __file__, "--trials", widths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def measure_slot_peak() -> float:
    """The largest resident memory of a slot's process in MB, over trials of different shapes."""
    executor = make_executor("serial", ExecutorOptions(class_names=("DQN",)))
    units = (make_unit(number, 16 + 10 * number, 32) for number in range(NUM_SLOT_TRIALS))
    is_over, samples = threading.Event(), [0.0]
    sampler = threading.Thread(target=sample_slots, args=(is_over, samples))
    sampler.start()
    try:
        for result in executor.execute(units):
            assert result.error is None, result.traceback
    finally:
        is_over.set()
        sampler.join()
        executor.close()
    return max(samples)


def sample_slots(is_over: threading.Event, samples: list[float]) -> None:
    """Notes the memory of the processes that compute for slots, in MB, ten times a second until it is over."""
    while not is_over.wait(0.1):
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it has ended in the meantime
                if "rliable.executors.slots.compute" in process.cmdline():
                    samples.append(process.memory_info().rss / 1e6)


def run_trials(widths: str) -> None:
    """Runs the trials in this process, and prints its resident memory in MB at each of its `NUM_TRIALS`."""
    shapes = random.Random(1)
    for number in range(max(NUM_TRIALS[widths])):
        unit = make_unit(number, shapes.choice(WIDTHS[widths]), shapes.choice(BATCH_SIZES))
        result = run_unit(unit, "slot")
        assert result.error is None, result.traceback
        if number + 1 in NUM_TRIALS[widths]:
            print(psutil.Process().memory_info().rss / 1e6, flush=True)


def make_unit(number: int, width: int, batch_size: int) -> Unit:
    """A short run."""
    hp_params = {
        "train_iterations": 500,
        "num_eval_episodes": 20,
        "qnet_fc_hidden_size": width,
        "batch_size": batch_size,
    }
    return Unit(number, 0, ModelConfig("DQN", "CartPole-v0", "", hp_params), number, Limits())


if __name__ == "__main__":
    main()
