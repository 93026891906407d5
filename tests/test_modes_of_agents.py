"""Same seed, same bits for agents with discrete and continuous actions, off-policy and on-policy, inside the graph and
on the host: in every mode, and when what computes is killed in the middle of a run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rliable.records.results import load_record

ROOT = Path(__file__).parents[1]
STUDIES = {
    "SAC": ("Pendulum-v1", {"train_iterations": 150, "initial_collect_steps": 100, "batch_size": 16}),
    "PPO": ("CartPole-v1", {"train_iterations": 8, "collect_steps_per_iteration": 64, "num_environments": 2}),
    "DQN": (
        "gymnasium:LunarLander-v3",
        {"train_iterations": 40, "collect_steps_per_iteration": 4, "train_steps_per_iteration": 4, "n_step": 3},
    ),
}
MODES = {
    "level 1": ["--parallelized", "--num-workers", "2"],
    "level 2": ["--parallelized", "--plevel", "2", "--num-workers", "2"],
}


def write_study(folder, agent, **changes):
    """The file of a study over the learning rate of an agent."""
    environment, hp_params = STUDIES[agent]
    hp_params = hp_params | {"fc_layer_params": [16], "num_eval_episodes": 5, "num_test_episodes": 25}
    model = {
        "class": agent,
        "environment": environment,
        "mdl_file": "w",
        "hp_params": {**hp_params, **changes},
    }
    study = {"config": "model.json", "optim_name": agent, "num_workers": 1, "seed": 3, "max_iters": 2}
    study |= {"grid": {"learning_rate": {"min": 1e-4, "max": 1e-2, "log": True}}, "convergence": None}
    study |= {"metric": {"name": "reward", "criteria": "max"}}
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "study.json").write_text(json.dumps(study))
    return folder / "study.json"


def command_of(*arguments):
    return [sys.executable, "optimize.py", *map(str, arguments), "--no-plots"]


def optimize(output, *arguments):
    done = subprocess.run(
        command_of(*arguments, "--output", output), capture_output=True, text=True, cwd=ROOT, timeout=280
    )
    assert done.returncode == 0, done.stderr
    return outcome(load_record(output))


def outcome(record):
    """What must not depend on where and how often it was computed."""
    trials = [(t.number, t.params, t.metrics, [run.seed for run in t.runs]) for t in record.trials]
    return trials, record.best, record.stop_reason


@pytest.mark.parametrize("agent", STUDIES)
def test_study_is_bit_equal_in_every_mode(tmp_path, agent):
    study = write_study(tmp_path, agent)
    serial = optimize(tmp_path / "serial", study)
    for mode, arguments in MODES.items():
        assert optimize(tmp_path / mode, study, *arguments) == serial


@pytest.mark.parametrize(
    ("victim", "agent", "changes"),
    [
        ("driver", "PPO", {"train_iterations": 2000, "checkpoint_interval_steps": 1280}),
        ("computing process", "PPO", {"train_iterations": 2000, "checkpoint_interval_steps": 1280}),
        ("computing process", "DQN", {"train_iterations": 1500, "checkpoint_interval_steps": 500}),
    ],
)
def test_study_that_was_killed_in_mid_run_goes_on_from_the_checkpoint_to_the_same_bits(
    tmp_path, victim, agent, changes
):
    study = write_study(tmp_path, agent, **changes, eval_interval=10**6)
    whole = optimize(tmp_path / "whole", study)
    output = tmp_path / "killed"
    process = subprocess.Popen(command_of(study, "--output", output), cwd=ROOT, stdout=subprocess.DEVNULL)
    checkpoint = output / "trials/0000/run_0/checkpoint.bin"
    wait_for(checkpoint.exists)
    if victim == "driver":
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert checkpoint.exists()
        subprocess.run(command_of("--resume", output), cwd=ROOT, check=True, capture_output=True, timeout=280)
    else:
        os.kill(computing_process(process.pid).pid, signal.SIGKILL)
        assert process.wait(timeout=280) == 0
    record = load_record(output)
    assert outcome(record) == whole
    curves = [(tmp_path / name / "trials/0000/run_0/learning_curve.csv").read_text() for name in ("whole", "killed")]
    assert curves[0] == curves[1]
    assert not checkpoint.exists()
    assert record.trials[0].runs[0].attempts == (1 if victim == "driver" else 2)


#: CartPole whose steps are slow enough to be shared; each process that steps it leaves its number in a folder.
MARKING = """
import os
import time
from pathlib import Path
from gymnasium.envs.classic_control import CartPoleEnv

class Marking(CartPoleEnv):
    def __init__(self, folder="."):
        super().__init__()
        self.mark = Path(folder, str(os.getpid()))

    def step(self, action):
        self.mark.touch()
        time.sleep(0.001)
        shown, reward, terminated, _, info = super().step(action)
        return shown, reward, terminated, self.np_random.random() < 0.01, info
"""


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_training_that_an_idle_slot_helps_with_is_bit_equal_also_when_that_is_killed(tmp_path, is_killed):
    (tmp_path / "marking.py").write_text(MARKING)
    (tmp_path / "marks").mkdir()
    study = write_study(tmp_path, "PPO", num_environments=4, train_iterations=40, eval_interval=20)
    model, settings = json.loads((tmp_path / "model.json").read_text()), json.loads(study.read_text())
    model |= {"environment": f"{tmp_path}/marking.py:Marking", "environment_kwargs": {"folder": f"{tmp_path}/marks"}}
    (tmp_path / "model.json").write_text(json.dumps(model))
    study.write_text(json.dumps(settings | {"max_iters": 1}))
    serial = optimize(tmp_path / "serial", study)
    command = command_of(study, *MODES["level 2"], "--no-video", "--output", tmp_path / "level 2")
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(lambda: len(computing_with_mark(process.pid, tmp_path)) == 2)
    if is_killed:
        os.kill(max(computing_with_mark(process.pid, tmp_path)), signal.SIGKILL)
    assert process.wait(timeout=280) == 0
    assert outcome(load_record(tmp_path / "level 2")) == serial


def computing_with_mark(pid, folder):
    """The computing processes of a study that have stepped the environment."""
    marks = [int(path.name) for path in (folder / "marks").iterdir()]
    return [child.pid for child in computing_processes(pid) if child.pid in marks]


def wait_for(is_true, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def computing_process(pid):
    """The process of the slot of a serial study."""
    return computing_processes(pid)[0]


def computing_processes(pid):
    """The processes of the slots of a study."""
    children = psutil.Process(pid).children(recursive=True)
    return [child for child in children if "rliable.executors.slots.compute" in " ".join(command_line(child))]


def command_line(process):
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended in between
        return []
