"""Same seed, same bits: a study gives the same trials in every mode, with real Spark and TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from rliable.records.results import load_record

ROOT = Path(__file__).parents[1]
MODES = {
    "level 1, 3 workers": ["--parallelized", "--num-workers", "3"],
    "level 1, cluster": ["--parallelized", "--master", "local-cluster[2,1,1024]"],
    "level 2, 2 workers": ["--parallelized", "--plevel", "2"],
}
DQN = ["config/optim_dqn.json", "--seed", "11", "--set", 'grid.train_iterations={"min": 60, "max": 90}']
DQN += ["--set", "grid.qnet_fc_hidden_size=[8]", "--set", "grid.num_eval_episodes=[25]"]
COUNT = ["config/optim_count.json"]


def optimize(folder, *arguments):
    command = [sys.executable, "optimize.py", *arguments, "--output", str(folder), "--no-plots"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=240)
    assert done.returncode == 0, done.stderr + (folder / "log.txt").read_text()
    assert done.stderr == ""
    return load_record(folder)


def outcome(record):
    """What must not depend on the mode."""
    trials = [(t.number, t.params, t.metrics, [run.seed for run in t.runs], t.hp_params) for t in record.trials]
    return trials, record.best, record.stop_reason


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial")
    return {"dqn": optimize(folder / "dqn", *DQN), "count": optimize(folder / "count", *COUNT)}


def test_evaluate_reproduces_the_best_trial_exactly(tmp_path):
    record = optimize(tmp_path / "out", *DQN, "--set", "seeds_per_trial=2", "--max-iters", "2")
    command = [sys.executable, "evaluate.py", "--model", str(tmp_path / "out/best"), "--out", str(tmp_path / "e.json")]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=120)
    report = json.loads((tmp_path / "e.json").read_text())
    assert report["metrics"] == record.best_trial.metrics
    assert [run["metrics"] for run in report["runs"]] == [run.metrics for run in record.best_trial.runs]


@pytest.mark.parametrize("mode", MODES)
def test_dqn_study_is_bit_equal_to_serial(tmp_path, serial, mode):
    record = optimize(tmp_path / "out", *DQN, *MODES[mode])
    assert outcome(record) == outcome(serial["dqn"])
    assert [run.num_episodes for trial in record.trials for run in trial.runs] == [25] * 3
    assert not [
        process for process in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(process.info["cmdline"])
    ]


@pytest.mark.parametrize("mode", ["level 1, cluster", "level 2, 2 workers"])
def test_count_study_is_bit_equal_to_serial(tmp_path, serial, mode):
    assert outcome(optimize(tmp_path / "out", *COUNT, *MODES[mode])) == outcome(serial["count"])


def test_study_whose_sampler_learns_is_bit_equal_to_serial(tmp_path):
    learning = [*COUNT, "--sampler", "tpe", "--max-iters", "12", "--set", "convergence=null", "--set", "lag=2"]
    learning += ["--set", 'sampler_options={"n_startup_trials": 3}']
    alone, together = (
        optimize(tmp_path / "a", *learning),
        optimize(tmp_path / "b", *learning, *MODES["level 1, 3 workers"]),
    )
    assert outcome(together) == outcome(alone)
    assert len({run.slot for trial in together.trials for run in trial.runs}) > 1


@pytest.mark.parametrize("mode", [[], ["--parallelized"]])
def test_count_study_over_an_rdd_gives_the_same_answer(tmp_path, serial, mode):
    model = json.loads((ROOT / "config/config_count.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**model, "data": "rdd"}))
    record = optimize(tmp_path / "out", *COUNT, "--set", f"config={tmp_path / 'model.json'}", *mode)
    assert outcome(record) == outcome(serial["count"])


def test_serial_study_of_rows_loads_neither_tensorflow_nor_pyspark(tmp_path):
    code = (
        "import sys; from rliable.cli import main; "
        f"code = main(['optimize', 'config/optim_count.json', '--output', {str(tmp_path / 'out')!r}]); "
        "print(code, 'tensorflow' in sys.modules, 'pyspark' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.splitlines()[-1] == "0 False False"
