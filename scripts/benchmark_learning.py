"""Trains every file of config/zoo with several seeds and writes docs/learning.md: what each agent learns, and how well.

Every finished run is kept in docs/learning.json, and what is there is never trained again. `--only ppo_cartpole` trains
one file; without `--train` the page is written from what is there.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import rliable
from rliable.config.model_file import load_model_file
from rliable.metrics import interquartile_mean
from rliable.records.folders import StudyFolder
from rliable.records.learning_curve import read_learning_curve
from rliable.records.results import load_record
from rliable.records.writing import write_atomically
from rliable.registry import MODELS
from rliable.unit import Answer, Report

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "docs" / "learning.json"
PAGE = ROOT / "docs" / "learning.md"
PICTURE = ROOT / "docs" / "images" / "learning.png"
#: Where studies are until all their runs are kept, so that an interrupted one can go on.
WORK = ROOT / "build" / "learning"
#: Of the study in which the runs are trained.
SEED = 1
#: How often a run keeps what it needs to go on from after an interruption; it changes no bit of the training.
CHECKPOINT_STEPS = 20_000
LOOK_SECONDS = 5.0
#: Rewards are summed up with 32 bits.
ROUNDING = 1e-6


@dataclasses.dataclass(frozen=True)
class Gate:
    """What is asked of one file of config/zoo.

    Attributes:
      name: the file's, without its ending.
      least: the mean return, over seeds, that it has to reach.
      reference: what others have published.
      num_seeds: 5; fewer where a run takes more than five minutes.
    """

    name: str
    least: float
    reference: str
    num_seeds: int = 5


GATES = (
    Gate("dqn_cartpole", 475, "500 at 50k (RL-Zoo3, 1 run); 488.7 ± 16.1 at 500k (CleanRL)"),
    Gate("c51_cartpole", 475, "481.2 ± 20.5 at 500k (CleanRL)"),
    Gate("ppo_cartpole", 490, "500 at 100k (RL-Zoo3, 1 run); 490.0 ± 6.1 at 500k (CleanRL)"),
    Gate("reinforce_cartpole", 450, "483.3 at 200k (SLM-Lab)"),
    Gate("dqn_acrobot", -90, "-76.6 at 100k (RL-Zoo3, 1 run); -91.5 ± 7.2 at 500k (CleanRL)"),
    Gate("c51_acrobot", -92, "-87.7 ± 5.5 at 500k (CleanRL)"),
    Gate("ppo_acrobot", -85, "-73.5 at 1M (RL-Zoo3, 1 run); -86.4 ± 1.3 at 500k (CleanRL)"),
    Gate("dqn_mountaincar", -115, "-100.8 at 120k (RL-Zoo3, 1 run)"),
    Gate("ppo_mountaincar", -125, "-110.4 at 1M (RL-Zoo3, 1 run)"),
    Gate("sac_pendulum", -170, "-157.0 at 20k (RL-Zoo3, 1 run)"),
    Gate("td3_pendulum", -170, "-151.9 at 20k (RL-Zoo3, 1 run)"),
    Gate("ddpg_pendulum", -175, "-152.1 at 20k (RL-Zoo3, 1 run)"),
    Gate("ppo_pendulum", -200, "-172.2 at 100k with gSDE (RL-Zoo3, 1 run)"),
    Gate("td3_mountaincarcontinuous", 90, "93.5 at 300k (RL-Zoo3, 1 run)", num_seeds=3),
    Gate("sac_mountaincarcontinuous", 90, "94.7 at 50k with gSDE (RL-Zoo3, 1 run)"),
    Gate("dqn_lunarlander", 150, "154.4 at 100k (RL-Zoo3, 1 run); 195.2 at 300k (SLM-Lab)", num_seeds=3),
    Gate("ppo_lunarlander", 220, "242.1 at 1M (RL-Zoo3, 1 run); 222.8 ± 6.6 at 1M (ARLBench)", num_seeds=3),
    Gate("sac_lunarlandercontinuous", 240, "260.4 at 500k (RL-Zoo3, 1 run)", num_seeds=2),
    Gate("td3_lunarlandercontinuous", 200, "207.5 at 300k (RL-Zoo3, 1 run)", num_seeds=2),
    Gate("sac_reacherbullet", 17, "18.06 at 300k with gSDE (RL-Zoo3, 1 run)", num_seeds=1),
    Gate("td3_reacherbullet", 16, "17.11 at 300k (RL-Zoo3, 1 run)", num_seeds=1),
    Gate("ddpg_reacherbullet", 14.5, "15.58 at 300k (RL-Zoo3, 1 run)", num_seeds=1),
    Gate("sac_halfcheetahbullet", 2650, "2792 at 1M with gSDE (RL-Zoo3, 1 run)", num_seeds=1),
    Gate("td3_halfcheetahbullet", 2650, "2822 at 1M (RL-Zoo3, 1 run)", num_seeds=1),
    Gate("dqn_deepsea", 0.99, "0.99 is the best there is"),
    Gate("dqn_catch", 1.0, "1 is the best there is"),
    Gate("dqn_basicenv", 1.0, "1 is the best there is"),
)
#: What no machine that this page was written on can train in hours: its line of the table.
UNTRAINED = (
    "| gymnasium:ALE/Pong-v5 | DQN | 10,000,000 | 0 | | | | days, with a GPU | 19 "
    "| 20.6 at 10M (RL-Zoo3, 1 run); 20.25 ± 0.41 at 10M (CleanRL) "
    "| not trained here: `python train.py --config config/zoo/dqn_pong.json` |\n",
)


def main() -> None:
    """Trains what is asked for, then writes the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=[gate.name for gate in GATES], help="files of config/zoo")
    parser.add_argument("--train", action="store_true", help="train what is missing in docs/learning.json")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time")
    arguments = parser.parse_args()
    if arguments.train:
        for gate in [gate for gate in GATES if arguments.only is None or gate.name in arguments.only]:
            train(gate, arguments.workers)
    write_page()


def train(gate: Gate, num_workers: int) -> None:
    """Trains the seeds of one file that are missing: a study whose trials differ in their seeds alone.

    One that was interrupted goes on.
    """
    known = load_runs().get(gate.name, [])
    if len(known) >= gate.num_seeds:
        return
    folder = WORK / gate.name
    output, study = folder / "study", folder / "study.json"
    settings = {
        "config": str(ROOT / "config" / "zoo" / f"{gate.name}.json"),
        "optim_name": gate.name,
        "num_workers": num_workers,
        "seed": SEED,
        "grid": {"num_test_episodes": [100], "checkpoint_interval_steps": [CHECKPOINT_STEPS]},
        "metric": {"name": "reward", "criteria": "max"},
        "max_iters": gate.num_seeds,
        "convergence": None,
    }
    keeper = Keeper(gate.name, output)
    if output.exists():
        rliable.search(output, mode="level 1", pictures=False, on_report=keeper.look)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        study.write_text(json.dumps(settings))
        rliable.search(study, mode="level 1", output=output, pictures=False, on_report=keeper.look)
    keeper.keep()
    shutil.rmtree(folder)


class Keeper:
    """Copies finished runs from a study's folder into docs/learning.json while the study goes on.

    Args:
      name: of the file of config/zoo.
      folder: the study's.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._next = time.monotonic() + LOOK_SECONDS

    def look(self, report: Report) -> Answer:
        """Keeps what is there every few seconds."""
        if time.monotonic() >= self._next:
            self.keep()
            self._next = time.monotonic() + LOOK_SECONDS
        return Answer.GO_ON

    def keep(self) -> None:
        """Keeps every run that has finished."""
        if not StudyFolder(self._folder).results_json.is_file():
            return
        runs = load_runs()
        known = {run["seed"] for run in runs.get(self._name, [])}
        for trial in load_record(self._folder).trials:
            run = trial.runs[0]
            if run.seed in known:
                continue
            if run.metrics is None:
                print(f"{self._name}: seed {run.seed} failed: {run.error}", flush=True)
                continue
            curve = read_learning_curve(StudyFolder(self._folder).run(trial.number, 0).path)
            runs.setdefault(self._name, []).append(
                {
                    "seed": run.seed,
                    "reward": run.metrics["reward"],
                    "reward_iqm": run.metrics["reward_iqm"],
                    "episodes": run.num_episodes,
                    "seconds": round(run.finished - run.started, 1),
                    "steps": int(curve[-1]["step"]),
                    "machine": f"{platform.machine()}, {platform.system()}",
                    "curve": [[int(row["step"]), row["average_return"]] for row in curve if "average_return" in row],
                }
            )
            print(f"{self._name}: seed {run.seed}: {run.metrics['reward']:.1f}", flush=True)
            write_atomically(RUNS, json.dumps(runs, indent=1) + "\n")


def load_runs() -> dict[str, list[dict[str, Any]]]:
    """The runs that were ever finished, by the name of their file."""
    runs: dict[str, list[dict[str, Any]]] = json.loads(RUNS.read_text()) if RUNS.is_file() else {}
    return runs


HEAD = """# What the agents learn

Written by `python scripts/benchmark_learning.py`. Each line is a file of `config/zoo/`, trained with several seeds
through level 1 (`--train`); the figure of a seed is the mean of 100 greedy episodes that were used for nothing else.
IQM is the interquartile mean over seeds; seconds were measured on a machine that did other work as well. Every finished
run is in [learning.json](learning.json); none was left out, and none is trained again while its file stays as it is.

| environment | agent | steps | seeds | mean | IQM | 95 % interval | seconds | asked | published | |
|---|---|---:|---:|---:|---:|---|---:|---:|---|---|
"""


def write_page() -> None:
    """Writes docs/learning.md and its picture from the runs that are there."""
    runs = load_runs()
    lines = [table_line(gate, runs[gate.name]) for gate in GATES if gate.name in runs]
    missing = [gate.name for gate in GATES if len(runs.get(gate.name, [])) < gate.num_seeds]
    note = f"\nNot yet trained with all seeds: {', '.join(missing)}.\n" if missing else ""
    attempts = [attempt_line(name, runs[name]) for name in runs if name not in {gate.name for gate in GATES}]
    note += "\nTried before, and given up:\n\n" + "".join(attempts) if attempts else ""
    PAGE.write_text(
        HEAD + "".join([*lines, *UNTRAINED]) + note + "\n![Learning curves](images/learning.png)\n", encoding="utf-8"
    )
    if runs:
        draw([gate for gate in GATES if gate.name in runs], runs)


def attempt_line(name: str, runs: Sequence[dict[str, Any]]) -> str:
    """What runs with earlier values gave."""
    rewards = [run["reward"] for run in runs]
    words = "seed" if len(runs) == 1 else "seeds"
    return f"- {name}: {np.mean(rewards):.1f} over {len(runs)} {words} ({min(rewards):.1f} to {max(rewards):.1f})\n"


def table_line(gate: Gate, runs: Sequence[dict[str, Any]]) -> str:
    """One line of the table."""
    model, *_ = load_model_file(str(ROOT / "config" / "zoo" / f"{gate.name}.json"))
    rewards = np.array([run["reward"] for run in runs])
    low, high = interval(rewards)
    digits = 1 if abs(gate.least) > 10 else 3
    cells = [
        model.environment,
        MODELS.load(model.class_name).__name__,
        f"{runs[0]['steps']:,}",
        str(len(runs)),
        f"{rewards.mean():.{digits}f}",
        f"{interquartile_mean(rewards):.{digits}f}",
        f"{low:.{digits}f} to {high:.{digits}f}",
        f"{np.mean([run['seconds'] for run in runs]):.0f}",
        f"{gate.least:g}",
        gate.reference,
        "passed" if rewards.mean() >= gate.least - ROUNDING else "**missed**",
    ]
    return "| " + " | ".join(cells) + " |\n"


def interval(rewards: np.ndarray) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean over seeds."""
    if len(rewards) < 2 or np.ptp(rewards) == 0:
        return float(rewards.min()), float(rewards.max())
    found = stats.bootstrap((rewards,), np.mean, method="percentile", rng=np.random.default_rng(0))
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def draw(gates: Sequence[Gate], runs: dict[str, list[dict[str, Any]]]) -> None:
    """Draws the learning curves: every seed thin, their mean thick, the gate dashed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = 4
    rows = max(1, -(-len(gates) // columns))
    figure, axes = pyplot.subplots(rows, columns, figsize=(4 * columns, 2.6 * rows), squeeze=False)
    for axis in axes.flat[len(gates) :]:
        axis.set_visible(False)
    for axis, gate in zip(axes.flat, gates, strict=False):
        curves = [np.array(run["curve"]) for run in runs[gate.name]]
        for curve in curves:
            axis.plot(curve[:, 0], curve[:, 1], color="tab:blue", alpha=0.3, linewidth=0.8)
        steps = min(len(curve) for curve in curves)
        axis.plot(curves[0][:steps, 0], np.mean([curve[:steps, 1] for curve in curves], axis=0), color="tab:blue")
        axis.axhline(gate.least, color="tab:red", linestyle="--", linewidth=0.8)
        axis.set_title(gate.name, fontsize=9)
        axis.tick_params(labelsize=7)
    figure.supxlabel("environment steps", fontsize=9)
    figure.supylabel("mean return of the evaluations during training", fontsize=9)
    figure.tight_layout()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE, dpi=80)


if __name__ == "__main__":
    main()
