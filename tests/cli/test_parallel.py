"""The parallel modes as a user sees them when something dies."""

import psutil

from rliable.records.results import load_record
from tests.cli.commands import optimize, start, wait_for_trials


def test_kill_9_at_level_1_and_resume_at_level_2_ends_like_serial(study, tmp_path):
    grid = {"x": {"min": 0.0, "max": 1.0}}
    file = study(grid=grid, hp_params={"seconds": 0.4, "noise": 1.0}, seed=5, max_iters=8, sampler="random")
    assert optimize(file, "--output", tmp_path / "whole", "--no-plots").returncode == 0
    process = start(file, tmp_path / "cut", "--parallelized")
    wait_for_trials(tmp_path / "cut", 3)
    below = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(below, timeout=10)
    assert alive == []
    done = optimize("--resume", tmp_path / "cut", "--parallelized", "--plevel", 2, "--no-plots")
    assert done.returncode == 0, done.stderr
    whole, cut = load_record(tmp_path / "whole"), load_record(tmp_path / "cut")
    assert [(t.number, t.params, t.metrics) for t in cut.trials] == [
        (t.number, t.params, t.metrics) for t in whole.trials
    ]
    assert cut.best == whole.best


def test_study_stops_at_the_same_trial_on_several_workers(study, tmp_path):
    keys = {"convergence": 0.1, "patience": 2, "max_iters": 30, "grid": {"x": [1, 5, 2, 3, 9, 7]}}
    file = study(hp_params={"seconds": 0.1}, **keys)
    for name, mode in {"serial": [], "level 1": ["--parallelized", "--num-workers", 3]}.items():
        assert optimize(file, "--output", tmp_path / name, "--no-plots", *mode).returncode == 0
    serial, parallel = load_record(tmp_path / "serial"), load_record(tmp_path / "level 1")
    assert serial.stop_reason == parallel.stop_reason
    assert serial.stop_reason.startswith("converged at trial 3")
    assert [trial.params for trial in serial.trials] == [trial.params for trial in parallel.trials]
    assert (serial.best, parallel.best) == (1, 1)
