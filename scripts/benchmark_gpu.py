"""Measures learning at Atari's size on a GPU beside Stable-Baselines3: `python scripts/benchmark_gpu.py --help`.

DQN with the network of Mnih et al. (2015) learns from batches of 32 images of 84 x 84 pixels in 4 frames. The peer
trains the same network with the same batch and schedule on the same GPU, in between the repetitions of ours; medians
are reported. Convolutions of ours take all 32 bits of a number there, PyTorch's as many as it takes by itself. Before
that, the first update on the GPU is held against the one on the CPU. Without a GPU nothing is measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmark_rows import Row, make_parser, publish
from benchmark_training import NUM_REPETITIONS, Case, make_model, train_seconds
from rliable.environments import load_data
from rliable.environments.runtime import open_devices, prepare_tensorflow
from rliable.training.arrays import by_path

HERE = Path(__file__).parent
FRAMES = f"{HERE.resolve() / 'atari_frames.py'}:AtariFrames"
ATARI: dict[str, Any] = {
    "network": "nature_cnn",
    "batch_size": 32,
    "learning_rate": 1e-4,
    "gradient_clipping": 10,
    "loss": "huber",
    "target_update_period": 1000,
    "initial_collect_steps": 100,
    "replay_buffer_max_length": 1000,
    "collect_steps_per_iteration": 4,
}
#: Updates after every four steps, as in the literature and where learning is nearly all there is -> iterations.
SCHEDULES = {1: 500, 64: 20}


def main() -> int:
    """Measures and publishes; the exit code is 2 without a GPU."""
    parser = make_parser(__doc__)
    parser.add_argument("--peer-python", help="the interpreter that has scripts/peers-requirements.txt")
    parser.add_argument("--device", default="gpu", choices=("cpu", "gpu"), help=argparse.SUPPRESS)
    parser.add_argument("--share", type=float, default=1.0, help="of the iterations to measure (default: 1, all)")
    args = parser.parse_args()
    prepare_tensorflow()
    name = open_devices(with_gpu=args.device == "gpu")
    if args.device == "gpu" and name is None:
        print("error: TensorFlow sees no GPU here: nothing is measured", file=sys.stderr)
        return 2
    print(f"learner: {f'GPU ({name})' if name else 'CPU'}")
    rows = [Row("first update: largest difference from the CPU's", difference(args.device), "", "at most 0.001")]
    for updates, iterations in SCHEDULES.items():
        rows += schedule_rows(updates, max(2, round(iterations * args.share)), args.device, args.peer_python)
    publish(rows, args.json)
    return 0


def case_of(updates: int, iterations: int, device: str) -> Case:
    """A training with a schedule of `SCHEDULES`."""
    params = ATARI | {"train_steps_per_iteration": updates, "device": device}
    return Case("DQN", FRAMES, params, iterations, 0, 0)


def difference(device: str) -> float:
    """The largest difference between what the first update leaves on a device and on the CPU, gradients included."""
    parts = []
    for place in (device, "cpu"):
        model, environment = make_model(case_of(1, 1, place), 1), load_data(FRAMES)
        model.train(environment, environment)
        assert model._run is not None
        parts.append(by_path(model._run.parts))
    return max(float(np.abs(array - parts[1][path]).max()) for path, array in parts[0].items())


def schedule_rows(updates: int, iterations: int, device: str, peer_python: str | None) -> list[Row]:
    """The figures of one schedule."""
    case = case_of(updates, iterations, device)
    train_seconds(case, 1)
    ours, peers = [], []
    for _ in range(NUM_REPETITIONS):
        ours.append(updates_per_second(case, updates))
        if peer_python:
            peers.append(peer_updates_per_second(peer_python, updates, iterations, device))
    what = f"DQN, 4 steps and {updates} update{'s'[: updates > 1]}"
    rows = [Row(f"{what}: learning", statistics.median(ours), "updates/s")]
    if peers:
        rows.append(Row(f"{what}: Stable-Baselines3", statistics.median(peers), "updates/s"))
        rows.append(Row(f"{what}: over Stable-Baselines3", statistics.median(ours) / statistics.median(peers), "times"))
    return rows


def updates_per_second(case: Case, updates: int) -> float:
    """Without what a training of one iteration takes as well: evaluations, and the first random steps."""
    seconds = train_seconds(case, case.iterations) - train_seconds(case, 1)
    return (case.iterations - 1) * updates / seconds


def peer_updates_per_second(python: str, updates: int, iterations: int, device: str) -> float:
    """Those of Stable-Baselines3, in a process of its own."""
    words = [str(updates), str(4 * iterations), device]
    command = [python, "-W", "ignore", str(HERE / "peer_gpu.py"), *words]
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    sys.exit(main())
