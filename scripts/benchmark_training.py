"""Measures the training of agents beside Stable-Baselines3's: `python scripts/benchmark_training.py --help`.

One core, one thread; `--only` measures some cases. The peer trains the same networks in the same schedule, in between
the repetitions of ours, under the same load; medians are reported.
"""

from __future__ import annotations

import dataclasses
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
from benchmark_studies import import_seconds
from rliable.environments import load_data
from rliable.environments.runtime import prepare_tensorflow
from rliable.registry import MODELS
from rliable.training.model import AgentModel

NUM_REPETITIONS = 3


@dataclasses.dataclass(frozen=True)
class Case:
    """One training that is measured; `scripts/peer_sb3.py` has one of the same name.

    Attributes:
      agent, environment: of the training.
      hp_params: all but the number of iterations.
      iterations: how many.
      peer_steps: environment steps of the peer.
      asked: how many times as fast as the peer it has to be.
      constants: `environment_kwargs`.
    """

    agent: str
    environment: str
    hp_params: dict[str, Any]
    iterations: int
    peer_steps: int
    asked: float
    constants: dict[str, Any] = dataclasses.field(default_factory=dict)


Q = {"batch_size": 64, "qnet_fc_hidden_size": 100, "target_update_period": 10, "initial_collect_steps": 100}
ACTOR = {"batch_size": 256, "fc_layer_params": [256, 256], "initial_collect_steps": 100}
ROLLOUT = {"collect_steps_per_iteration": 32, "num_environments": 8, "batch_size": 256, "num_epochs": 20}
CASES = {
    "DQN CartPole-v1": Case("DQN", "CartPole-v1", Q, 30_000, 4_000, 50),
    "DQN Acrobot-v1": Case("DQN", "Acrobot-v1", Q, 30_000, 4_000, 35),
    "DQN MountainCar-v0": Case("DQN", "MountainCar-v0", Q, 30_000, 4_000, 35),
    "PPO CartPole-v1": Case("PPO", "CartPole-v1", ROLLOUT, 200, 20_480, 6),
    "SAC Pendulum-v1": Case("SAC", "Pendulum-v1", ACTOR, 1_000, 500, 2.2),
    "TD3 Pendulum-v1": Case("TD3", "Pendulum-v1", ACTOR, 1_000, 500, 1.7),
}


def main(cases: dict[str, Case] = CASES, description: str | None = __doc__) -> None:
    """Measures and publishes."""
    parser = make_parser(description)
    parser.add_argument("--peer-python", help="the interpreter that has scripts/peers-requirements.txt")
    parser.add_argument("--only", nargs="+", choices=cases, default=list(cases), help="cases to measure")
    args = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, for us and for the peer
    import_seconds()  # from now on its files are in memory
    seconds = import_seconds()
    prepare_tensorflow()
    AgentModel.import_libraries(1)
    rows = [Row("importing TF-Agents' DQN alone", seconds, "s")]
    for name in args.only:
        rows += case_rows(name, cases[name], args.peer_python, seconds)
    publish(rows, args.json)


def case_rows(name: str, case: Case, peer_python: str | None, seconds_of_import: float) -> list[Row]:
    """The figures of one case."""
    new = train_seconds(case, 1)
    known = statistics.median(train_seconds(case, 1) for _ in range(NUM_REPETITIONS))
    rows = [
        Row(f"{name}: a new shape over the import", (new - known) / seconds_of_import, "times", new_shape_asked(case)),
        Row(f"{name}: a known shape, one iteration", known, "s"),
        Row(f"{name}: saving", save_seconds(case), "s"),
    ]
    ours, peers = [], []
    for _ in range(NUM_REPETITIONS):
        ours.append(num_steps(case) / train_seconds(case, case.iterations))
        if peer_python:
            peers.append(peer_steps_per_second(peer_python, name, case.peer_steps))
    rows.append(Row(f"{name}: whole training", statistics.median(ours), "steps/s"))
    if peers:
        rows.append(Row(f"{name}: Stable-Baselines3", statistics.median(peers), "steps/s"))
        ratio = statistics.median(ours) / statistics.median(peers)
        rows.append(Row(f"{name}: over Stable-Baselines3", ratio, "times", f"at least {case.asked:g}"))
    return rows


def new_shape_asked(case: Case) -> str:
    """What compiling a new shape may take."""
    return f"at most {0.6 if case.agent == 'DQN' else 1.2}"


def make_model(case: Case, iterations: int, folder: str = "") -> AgentModel:
    """The model that is measured."""
    rarely = {"eval_interval": 10**9, "log_interval": 10**6, "num_eval_episodes": 1}
    params = {**case.hp_params, **rarely, "train_iterations": iterations}
    cfg = {"class": case.agent, "environment": case.environment, "mdl_file": folder, "hp_params": params, "seed": 1}
    model: AgentModel = MODELS.load(case.agent)(None, {**cfg, "environment_kwargs": case.constants})
    return model


def num_steps(case: Case) -> int:
    """Environment steps of a whole training."""
    steps: int = make_model(case, case.iterations).values.total_steps
    return steps


def train_seconds(case: Case, iterations: int) -> float:
    """Seconds of one training."""
    environment, model = load_data(case.environment, constants=case.constants), make_model(case, iterations)
    started = time.perf_counter()
    model.train(environment, environment)
    return time.perf_counter() - started


def save_seconds(case: Case) -> float:
    """Median seconds to save a trained model of a known shape."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        model, environment = make_model(case, 1, folder), load_data(case.environment, constants=case.constants)
        model.train(environment, environment)
        for _ in range(NUM_REPETITIONS + 1):
            started = time.perf_counter()
            model.save()
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def peer_steps_per_second(python: str, name: str, steps: int) -> float:
    """Steps per second of Stable-Baselines3, in a process of its own."""
    script = Path(__file__).with_name("peer_sb3.py")
    command = [python, "-W", "ignore", str(script), name, str(steps)]
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main()
