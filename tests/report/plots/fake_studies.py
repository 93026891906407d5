"""Study folders as a search leaves them, made without one."""

import dataclasses
import json
import math
import random
from pathlib import Path
from typing import Any

from rliable.config.search_space import parse_search_space
from rliable.records.encoding import as_json
from rliable.records.learning_curve import write_learning_curve
from rliable.records.results import RunRecord, StudyRecord, TrialRecord

DQN_SPACE = {
    "train_iterations": {"min": 1000, "max": 4000},
    "collect_steps_per_iteration": [1],
    "batch_size": [32, 64],
    "learning_rate": {"min": 0.0001, "max": 0.01, "log": True},
    "qnet_fc_hidden_size": [20, 100, 400],
    "num_eval_episodes": 200,
}


def make_study(
    folder: Path,
    num_trials: int = 20,
    space: dict[str, Any] | None = None,
    criteria: str = "max",
    num_runs: int = 1,
    fails: float = 0.1,
    curves: bool = True,
    prunes: float = 0.0,
) -> StudyRecord:
    """Writes a study folder with `results.json` and learning curves; the same arguments give the same study."""
    space = DQN_SPACE if space is None else space
    rng = random.Random(num_trials)
    trials = [make_trial(number, space, criteria, num_runs, fails, rng) for number in range(num_trials)]
    trials = [pruned(trial, rng) if trial.is_complete and rng.random() < prunes else trial for trial in trials]
    record = StudyRecord(
        "RandomOptimDQN" if criteria == "max" else "SearchCountModel",
        seed=42,
        metric_name="reward" if criteria == "max" else "mse",
        criteria=criteria,
        max_iters=num_trials,
        model="DQN",
        environment="CartPole-v0",
        search_space=space,
        status="finished",
        stop_reason=f"all {num_trials} trials are done",
        slot_utilisation=0.96,
        started=1000.0,
        finished=1000.0 + 4.2 * num_trials,
        trials=trials,
    )
    best = record.ranked()[0].number if record.ranked() else None
    return write_study(folder, dataclasses.replace(record, best=best), curves)


def write_study(folder: Path, record: StudyRecord, curves: bool = True) -> StudyRecord:
    """Writes a study folder for a record."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(as_json(record), allow_nan=False))
    for trial in record.trials if curves else ():
        for run in trial.runs:
            rows = curve_rows(trial, run.seed) if trial.is_complete else []
            write_learning_curve(folder / trial.folder / f"run_{run.run}", rows)
    return record


def make_trial(number, space, criteria, num_runs, fails, rng) -> TrialRecord:
    """A trial whose value follows from its learning rate, with noise; some fail."""
    varied = parse_search_space(space)[0].varied
    params = {name: parameter.from_unit(rng.random()) for name, parameter in varied.items()}
    distance = abs(math.log10(params.get("learning_rate", 0.002) / 0.002))
    value = (
        min(200.0, 205 - 150 * distance + rng.gauss(0, 12))
        if criteria == "max"
        else 10 ** (3 * distance + rng.random())
    )
    error = "ValueError: the loss is NaN after 812 updates <b>" if rng.random() < fails else None
    runs = [
        RunRecord(
            run, rng.randrange(2**31), None if error else {"reward": value}, 200, str(number % 2), 4242 + number % 2
        )
        for run in range(num_runs)
    ]
    started = 1000.0 + 4.2 * number
    return TrialRecord(
        number,
        "FAIL" if error else "COMPLETE",
        None if error else value,
        params,
        params,
        {} if error else {"reward": value},
        error,
        started,
        started + 3 + 2 * rng.random(),
        f"trials/{number:04d}",
        runs,
    )


def pruned(trial, rng) -> TrialRecord:
    """The trial as it would have been, had it been stopped before its end; of some not even a value is known."""
    value = trial.value * rng.uniform(0.3, 0.7) if rng.random() < 0.8 else None
    return dataclasses.replace(trial, state="PRUNED", value=value)


def curve_rows(trial: TrialRecord, seed: int) -> list[dict[str, float]]:
    """A learning curve that rises to the trial's value."""
    rng = random.Random(seed)
    steps = range(250, 10_001, 250)
    end = trial.value or 0.0
    return [
        {"step": step, "average_return": end * (1 - math.exp(-step / 2500)) + rng.gauss(0, 6), "loss": 10 / step}
        for step in steps
    ]
