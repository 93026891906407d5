"""Measures DQN's training loop, and Stable-Baselines3's: `python scripts/benchmark_dqn.py [--peer-python PATH]`.

CartPole, batch 64, one hidden layer of 100, one update per environment step, one core. The peer runs in between the
repetitions of ours, under the same load; medians are reported.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmark_rows import Row, make_parser, publish

from models.dqn import DQN
from rliable.environments import load_data
from rliable.environments.runtime import prepare_tensorflow

NUM_REPETITIONS = 5
NUM_STEPS = 30_000
NUM_PEER_STEPS = 4_000


def main() -> None:
    """Measures and publishes."""
    parser = make_parser(__doc__)
    parser.add_argument("--peer-python", help="the interpreter that has scripts/peers-requirements.txt")
    args = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, for us and for the peer
    prepare_tensorflow()
    start_up()
    rows = [Row("a new shape: tracing and compiling all programs", new_shape_seconds(), "s", "at most 2.5 s")]
    rows.append(Row("the same shape again", known_shape_seconds(), "s", "0 s"))
    rows.append(Row("saving policy and checkpoint, a known shape", save_seconds(), "s"))
    publish(rows + speed_rows(args.peer_python), args.json)


def make_dqn(folder: str = "", **hp_params: Any) -> DQN:
    """The model that is measured."""
    params = {"train_iterations": 10, "num_eval_episodes": 10, "eval_interval": 10**9, "log_interval": 1000} | hp_params
    cfg = {"class": "DQN", "environment": "CartPole-v0", "mdl_file": folder, "hp_params": params, "seed": 1}
    return DQN(None, cfg)


def train_seconds(model: DQN) -> float:
    """Seconds of one training."""
    environment = load_data("CartPole-v0")
    started = time.perf_counter()
    model.train(environment, environment)
    return time.perf_counter() - started


def start_up() -> None:
    """The first training in a process, which imports TF-Agents."""
    train_seconds(make_dqn(qnet_fc_hidden_size=5))


def known_shape_seconds() -> float:
    """Median seconds of a training of ten iterations whose programs exist."""
    return statistics.median(train_seconds(make_dqn()) for _ in range(NUM_REPETITIONS))


def new_shape_seconds() -> float:
    """Seconds that the first training of a shape takes longer than the second."""
    return train_seconds(make_dqn()) - known_shape_seconds()


def save_seconds() -> float:
    """Median seconds to save a trained model."""
    model, seconds = make_dqn(), []
    train_seconds(model)
    for _ in range(NUM_REPETITIONS + 1):
        with tempfile.TemporaryDirectory() as model.cfg["mdl_file"]:
            started = time.perf_counter()
            model.save()
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def speed_rows(peer_python: str | None) -> list[Row]:
    """Steps per second in steady state: ours, the peer's, and the ratio."""
    ours, peers = [], []
    for _ in range(NUM_REPETITIONS):
        ours.append(NUM_STEPS / train_seconds(make_dqn(train_iterations=NUM_STEPS, num_eval_episodes=1)))
        if peer_python:
            peers.append(peer_steps_per_second(peer_python))
    speed = statistics.median(ours)
    rows = [Row("DQN, whole training of 30,000 steps", speed, "steps/s", "at least 24,000 steps/s")]
    if peers:
        peer = statistics.median(peers)
        rows.append(Row("Stable-Baselines3, the same network and ratio", peer, "steps/s"))
        rows.append(Row("DQN over Stable-Baselines3", speed / peer, "times", "at least 25 times"))
    return rows


def peer_steps_per_second(python: str) -> float:
    """Steps per second of Stable-Baselines3, in a process of its own."""
    script = Path(__file__).with_name("peer_sb3.py")
    command = [python, "-W", "ignore", str(script), str(NUM_PEER_STEPS)]
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main()
