"""Measures searches of 1,000 slots and of 10,000 trials, and large models: `python scripts/benchmark_scale.py`.

The driver is the real one; most slots are played by a process that computes nothing (`simulated_slots.py`). Costs are
seconds of the driver's processor time, which other programs on the machine change little.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark_rows import Row, make_parser, publish
from benchmark_studies import ROOT, write_empty_study

SIMULATED = "simulated_slots:SimulatedSlots"
NUM_SLOTS, TRIALS_PER_SLOT = 1000, 3
#: Not scaled: a trial takes between a half and one and a half of it, and reports on the way.
TRIAL_SECONDS, NUM_REPORTS = 30.0, 5
NUM_TRIALS, NUM_EMPTY_SLOTS = 10_000, 8
NUM_LEARNED, NUM_LATE = 1_000, 30
NUM_RESUMES = 3
#: Trials on each side of the 100th, and before the last, whose mean cost is taken.
EARLY, LATE = 50, 500
NUM_LARGE, LARGE_BYTES = 8, 200_000_000

LARGE_MODEL = """
import time
from pathlib import Path

class Large:
    def __init__(self, sc, cfg):
        self.cfg = cfg

    def train(self, data, *args):
        (Path(self.cfg["hp_params"]["meeting"]) / str(self.cfg["seed"])).touch()
        while len(list(Path(self.cfg["hp_params"]["meeting"]).iterdir())) < NUM_LARGE:
            time.sleep(0.01)  # until all have come, so that all send at once
        self.on_checkpoint({"state": bytes(LARGE_BYTES)})

    def evaluate(self, data):
        return [], {"score": 1.0}

    def predict(self, data):
        return 0

    def save(self):
        Path(self.cfg["mdl_file"], "weights.bin").write_bytes(bytes(LARGE_BYTES))

    def load_model(self):
        pass
"""


def drive(folder: Path, executor: str = SIMULATED, **more: Any) -> dict[str, Any]:
    """Runs the study in `folder` in a process of its own; see `scale_driver.search`."""
    order = {"study": str(folder / "study.json"), "output": str(folder / "out"), "executor": executor, **more}
    command = [sys.executable, str(ROOT / "scripts" / "scale_driver.py")]
    subprocess.run([*command, json.dumps({**order, "figures": str(folder / "figures.json")})], check=True, cwd=folder)
    figures: dict[str, Any] = json.loads((folder / "figures.json").read_text())
    if figures["num_failed"]:
        raise RuntimeError(f"{figures['num_failed']} trials failed")
    return figures


def milliseconds_around(times: list[float], number: int) -> float:
    """What each of the trials around the 100th took of a clock, or of those up to a later one."""
    first, last = (100 - EARLY, 100 + EARLY) if number == 100 else (number - 1 - min(LATE, number // 10), number - 1)
    return 1000 * (times[last] - times[first]) / (last - first)


def measure_busy_slots(folder: Path, sampler: str) -> list[Row]:
    """Many slots with runs of some length: how busy they are, and what the driver takes for that."""
    params = {"seconds": TRIAL_SECONDS, "num_reports": NUM_REPORTS}
    keys = {"sampler": sampler, "num_workers": NUM_SLOTS}
    write_empty_study(folder, NUM_SLOTS * TRIALS_PER_SLOT, params, **keys)
    found, played = drive(folder), json.loads((folder / "out" / "slots.json").read_text())
    name = f"{NUM_SLOTS:,} slots, trials of {TRIAL_SECONDS:g} s, {sampler}: "
    busy, cpu, wall = played["busy"] / (played["busy"] + played["idle"]), found["cpu"], found["wall"]
    return [
        Row(name + "slots busy", 100 * busy, "%", "at least 95 %"),
        Row(name + "driver", (cpu[-1] - cpu[0]) / (wall[-1] - wall[0]), "cores", "below 1"),
        Row(name + "driver's memory at most", found["peak_mb"], "MB", "below 1,000 MB"),
        Row(name + "until the last slot has work", played["all_began_after"], "s"),
    ]


def measure_empty(folder: Path, sampler: str, num_reports: int) -> list[Row]:
    """Trials that take no time: what one costs, early and late; each leaves a learning curve of some rows."""
    params = {"seconds": 0.0, "num_reports": num_reports}
    write_empty_study(folder, NUM_TRIALS, params, sampler=sampler, num_workers=NUM_EMPTY_SLOTS)
    found = drive(folder)
    cpu, wall = found["cpu"], found["wall"]
    curve = f" with learning curves of {num_reports} rows" if num_reports else ""
    early, late = (
        milliseconds_around(cpu, 100),
        milliseconds_around(cpu, NUM_TRIALS),
    )
    name = f"{NUM_TRIALS:,} empty trials{curve}, {sampler}: "
    return [
        Row(name + "trials", (len(wall) - 1) / (wall[-1] - wall[0]), "/s"),
        Row(name + "the 100th", early, "ms of processor"),
        Row(name + f"the {NUM_TRIALS:,}th", late, "ms of processor"),
        Row(name + f"the {NUM_TRIALS:,}th against the 100th", late / early, "times", "at most 2 times"),
        Row(name + "driver's memory at most", found["peak_mb"], "MB", "below 1,000 MB"),
    ]


def measure_learning(folder: Path, sampler: str) -> list[Row]:
    """Samplers that look at all trials before: what the 100th costs, and a later one."""
    params = {"seconds": 0.0, "num_reports": 0}
    write_empty_study(folder, NUM_LEARNED, params, sampler=sampler, num_workers=NUM_EMPTY_SLOTS)
    cpu = drive(folder)["cpu"]
    name = f"empty trials, {sampler}: "
    return [
        Row(name + "the 100th", milliseconds_around(cpu, 100), "ms of processor"),
        Row(
            name + f"the {NUM_LEARNED:,}th",
            milliseconds_around(cpu, NUM_LEARNED),
            "ms of processor",
        ),
    ]


def measure_old_study(folder: Path) -> list[Row]:
    """The study that `measure_empty` has left in `folder`: going on with it, looking at it, drawing it."""
    resumed = [drive(folder, changes={"max_iters": NUM_TRIALS + 1 + again}) for again in range(NUM_RESUMES)]
    wall, cpu = (min(figures) for figures in zip(*map(first_trial, resumed), strict=True))
    out, name = str(folder / "out"), f"{NUM_TRIALS:,} trials: "
    rows = [row for command in ("status", "plot") for row in measure_command(name, command, out)]
    page = (folder / "out" / "report.html").stat().st_size
    return [
        Row(name + f"--resume, to the first new one, best of {NUM_RESUMES}", wall, "s", "at most 10 s"),
        Row(name + f"--resume, to the first new one, best of {NUM_RESUMES}", cpu, "s of processor"),
        *rows,
        Row(name + "report.html", page / 1e6, "MB"),
    ]


def first_trial(found: dict[str, Any]) -> tuple[float, float]:
    """When the first trial of a search was done, in seconds of the world and of the driver's processor."""
    return found["wall"][0] - found["started"], found["cpu"][0]


def measure_late_learning(folder: Path, sampler: str) -> list[Row]:
    """What a trial costs a sampler that is given the trials of another one, which the study in `folder` holds."""
    file = folder / "out" / "study.json"
    study = json.loads(file.read_text())
    study["study"]["sampler"] = sampler
    file.write_text(json.dumps(study))
    cpu = drive(folder, changes={"max_iters": NUM_TRIALS + NUM_RESUMES + NUM_LATE})["cpu"]
    name = f"empty trials, {sampler}: the {NUM_TRIALS:,}th, after those of qmc"
    return [Row(name, 1000 * (cpu[-1] - cpu[0]) / (len(cpu) - 1), "ms of processor")]


def measure_command(name: str, command: str, folder: str) -> list[Row]:
    """What `rliable` takes to do something with a study."""
    started, before = time.monotonic(), time_of_children()
    words = [sys.executable, "-m", "rliable", command, folder]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    wall, cpu = time.monotonic() - started, time_of_children() - before
    return [
        Row(f"{name}rliable {command}", wall, "s", "at most 30 s"),
        Row(f"{name}rliable {command}", cpu, "s of processor"),
    ]


def time_of_children() -> float:
    """Processor time of all processes that this one has waited for, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure_large(folder: Path) -> list[Row]:
    """A checkpoint and a model from each of some slots of Spark, all at once."""
    params = {"meeting": str(folder / "meeting")}
    Path(params["meeting"]).mkdir()
    write_empty_study(folder, NUM_LARGE, params, num_workers=NUM_LARGE)
    code = LARGE_MODEL.replace("NUM_LARGE", str(NUM_LARGE)).replace("LARGE_BYTES", str(LARGE_BYTES))
    (folder / "empty_model.py").write_text(code.replace("class Large", "class Empty"))
    found = drive(folder, "spark")
    name = f"a checkpoint and a model of {LARGE_BYTES / 1e6:g} MB from each of {NUM_LARGE} slots at once: "
    return [
        Row(name + "runs begun again", found["most_attempts"] - 1, "", "none"),
        Row(name + "driver's memory at most", found["peak_mb"], "MB", "below 1,000 MB"),
        Row(name + "driver", found["cpu"][-1], "s of processor"),
    ]


def in_folder(measure: Callable[..., list[Row]], *args: Any) -> list[Row]:
    """What is measured in a new folder."""
    with tempfile.TemporaryDirectory(prefix="rliable-") as folder:
        return measure(Path(folder), *args)


def measure_empty_and_old(folder: Path) -> list[Row]:
    """The trials, and then what can be done with them."""
    old = [*measure_empty(folder, "qmc", NUM_REPORTS), *measure_old_study(folder)]
    return [*old, *measure_late_learning(folder, "tpe")]


#: Name -> what it measures; each takes less than five minutes.
PARTS: dict[str, Callable[[], list[Row]]] = {
    "busy-random": lambda: in_folder(measure_busy_slots, "random"),
    "busy-qmc": lambda: in_folder(measure_busy_slots, "qmc"),
    "empty": lambda: in_folder(measure_empty, "random", 0),
    "old": lambda: in_folder(measure_empty_and_old),
    "tpe": lambda: in_folder(measure_learning, "tpe"),
    "cmaes": lambda: in_folder(measure_learning, "cmaes"),
    "large": lambda: in_folder(measure_large),
}

if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    options = parser.parse_args()
    publish([row for name in options.only for row in PARTS[name]()], options.json)
