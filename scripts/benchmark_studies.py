"""Measures whole searches as a user starts them: the README's study, and trials of a model that does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmark_rows import Row, make_parser, publish

ROOT = Path(__file__).resolve().parents[1]
NUM_TRIALS = 10_000
NUM_TRIALS_LEVEL_1 = 1_000
WINDOW = 50
IMPORT = "import tf_agents.agents.dqn.dqn_agent"

EMPTY_MODEL = """
class Empty:
    def __init__(self, sc, cfg):
        self.value = cfg["hp_params"]["a"]

    def train(self, data, *args):
        pass

    def evaluate(self, data):
        return [], {"score": self.value}

    def predict(self, data):
        return self.value

    def save(self):
        pass

    def load_model(self):
        pass
"""

GRID = {
    "a": {"min": 0.0, "max": 1.0},
    "b": {"min": 1, "max": 100},
    "c": [1, 2, 3],
    "d": {"min": 0.001, "max": 1.0, "log": True},
    "e": ["x", "y"],
}


def write_empty_study(folder: Path, num_trials: int, hp_params: dict[str, Any] | None = None, **keys: Any) -> Path:
    """A study with five parameters of a model that does nothing; other keys as in a study file."""
    (folder / "empty_model.py").write_text(EMPTY_MODEL)
    (folder / "rows.jsonl").write_text('{"value": 1}\n')
    model = {"class": "empty_model:Empty", "environment": str(folder / "rows.jsonl"), "mdl_file": "w"}
    (folder / "model.json").write_text(json.dumps({**model, "hp_params": hp_params or {}}))
    study = {"config": str(folder / "model.json"), "optim_name": "Empty", "num_workers": 2, "grid": GRID, "seed": 1}
    rest = {"metric": {"name": "score", "criteria": "max"}, "max_iters": num_trials, "convergence": None}
    (folder / "study.json").write_text(json.dumps({**study, **rest, **keys}))
    return folder / "study.json"


def optimize(folder: Path, *arguments: str) -> tuple[float, float]:
    """Runs optimize.py in `folder`.

    Returns:
      Its wall time in seconds and the peak of its memory, processes below it included, in MB.
    """
    started, peak = time.monotonic(), 0.0
    command = [sys.executable, str(ROOT / "optimize.py"), *arguments, "--quiet"]
    process = psutil.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, memory_of(process))
        time.sleep(0.1)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}")
    return time.monotonic() - started, peak


def memory_of(process: psutil.Process) -> float:
    """Resident memory of a process and all below it, in MB."""
    try:
        return sum(member.memory_info().rss for member in [process, *process.children(recursive=True)]) / 1e6
    except psutil.Error:
        return 0.0


def measure_readme_study() -> list[Row]:
    """The README's study, serially, with start-up and pictures; beside it what it cannot do without."""
    import_seconds()  # from now on its files are in memory
    before = import_seconds()
    with tempfile.TemporaryDirectory(prefix="rliable-") as folder:
        output = str(Path(folder) / "out")
        seconds, memory = optimize(ROOT, "config/optim_dqn.json", "--seed", "1", "--output", output)
    imports = (before + import_seconds()) / 2
    name = "config/optim_dqn.json, serial, whole process"
    return [
        Row("importing TF-Agents' DQN alone", imports, "s"),
        Row(name, seconds, "s", "at most 15 s"),
        Row("the same against the import", seconds / imports, "times", "at most 4.5 times"),
        Row(f"{name}, memory", memory, "MB"),
    ]


def import_seconds() -> float:
    """Wall time of a process that only imports TF-Agents' agent."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", IMPORT], check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - started


def measure_empty_trials(num_trials: int, *mode: str) -> list[float]:
    """The times at which empty trials finished, in seconds, by order of arrival."""
    with tempfile.TemporaryDirectory(prefix="rliable-") as name:
        folder = Path(name)
        optimize(folder, str(write_empty_study(folder, num_trials)), "--output", "out", "--no-plots", *mode)
        trials = json.loads((folder / "out" / "results.json").read_text())["trials"]
        return sorted(trial["finished"] for trial in trials)


def milliseconds_around(finished: list[float], trial: int) -> float:
    """The mean cost of a trial among the `WINDOW` on each side of one."""
    first, last = max(trial - WINDOW, 0), min(trial + WINDOW, len(finished) - 1)
    return 1000 * (finished[last] - finished[first]) / (last - first)


def measure_all() -> list[Row]:
    """All figures."""
    serial = measure_empty_trials(NUM_TRIALS)
    level_1 = measure_empty_trials(NUM_TRIALS_LEVEL_1, "--parallelized")
    early, late = milliseconds_around(serial, 100), milliseconds_around(serial, NUM_TRIALS - WINDOW - 1)
    return [
        *measure_readme_study(),
        Row("empty trial, serial, the 100th", early, "ms", "at most 6 ms"),
        Row(f"empty trial, serial, the {NUM_TRIALS}th", late, "ms"),
        Row(f"the {NUM_TRIALS}th against the 100th", late / early, "times", "at most 2 times"),
        Row(
            "empty trial, level 1, 2 slots", milliseconds_around(level_1, NUM_TRIALS_LEVEL_1 // 2), "ms", "at most 6 ms"
        ),
    ]


if __name__ == "__main__":
    options = make_parser(__doc__).parse_args()
    publish(measure_all(), options.json)
