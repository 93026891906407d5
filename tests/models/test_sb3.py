"""Algorithms of Stable-Baselines3: repeatable, checked before they run, stopped, and gone on with from checkpoints.

What trains needs Stable-Baselines3, which does not fit beside TensorFlow: `make test-peers` runs it.
"""

import dataclasses
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import rliable
from rliable.config.grid import grid_problems
from rliable.config.model_file import check_model, load_model_file
from rliable.config.search_space import parse_search_space
from rliable.config.study_file import load_study
from rliable.executors.worker import make_model, open_data
from rliable.model import RunPaused
from rliable.records.results import load_record
from rliable.registry import MODELS
from rliable.schema import ConfigError
from rliable.unit import Answer

ROOT = Path(__file__).parents[2]
IS_HERE = importlib.util.find_spec("stable_baselines3") is not None
peers = pytest.mark.skipif(not IS_HERE, reason="Stable-Baselines3 is not installed here; `make test-peers` runs this")
SPACES = sorted((ROOT / "config/spaces").glob("sb3_*.json"))
FILES = sorted([*(ROOT / "config/zoo").glob("sb3_*.json"), ROOT / "config/config_sb3.json"])

BRIEF = {"total_timesteps": 500, "eval_interval": 200, "log_interval": 100, "num_eval_episodes": 3}
OFF_POLICY = {"learning_starts": 100, "buffer_size": 5000, "net_arch": [16]}
#: Of each kind: with rollouts, with a replay buffer, with noise and schedules, with memory, without gradients.
ALGORITHMS = {
    "PPO": ("CartPole-v1", {"n_steps": 64, "num_envs": 2, "learning_rate": "lin_0.001", "normalize": True}),
    "DQN": ("CartPole-v1", {**OFF_POLICY, "num_envs": 2}),
    "TD3": ("Pendulum-v1", {**OFF_POLICY, "noise_type": "ornstein-uhlenbeck", "noise_std": 0.2}),
    "TQC": (
        "Pendulum-v1",
        {**OFF_POLICY, "optimize_memory_usage": True, "train_freq": [1, "episode"]}
        | {"replay_buffer_kwargs": {"handle_timeout_termination": False}},
    ),
    "RecurrentPPO": ("CartPole-v1", {"n_steps": 64, "policy_kwargs": {"lstm_hidden_size": 8}}),
    "ARS": ("CartPole-v1", {"n_delta": 2}),
}


def model_file(algorithm="PPO", **changes):
    environment, hp_params = ALGORITHMS[algorithm]
    hp_params = {**BRIEF, **hp_params, **changes}
    return {
        "class": "SB3", "algorithm": algorithm, "environment": environment, "mdl_file": "w", "hp_params": hp_params,
    }  # fmt: skip


def config_of(algorithm, **changes):
    config, _, problems = check_model(model_file(algorithm, **changes), "model.json")
    assert problems == []
    return config


def train(config, folder, checkpoint=None, on_report=None):
    """A model that is trained, or goes on from a checkpoint, and the checkpoints that it kept."""
    folder.mkdir(exist_ok=True)
    model, kept = make_model(config, 5, str(folder)), []
    model.on_checkpoint, model.on_report = kept.append, on_report
    if checkpoint is not None:
        model.restore(checkpoint)
    try:
        model.train(open_data(config), open_data(config))
    except RunPaused:
        return model, kept
    model.save()
    return model, kept


@pytest.mark.skipif(IS_HERE, reason="Stable-Baselines3 is installed here")
def test_where_the_library_is_missing_one_line_names_the_extra():
    with pytest.raises(ConfigError) as caught:
        load_study(str(ROOT / "config/optim_sb3.json"))
    (line,) = (line for line in caught.value.problems if ": class: " in line)  # Gymnasium may be missing as well
    cure = "the package 'stable_baselines3' is missing; pip install 'rliable-spark[sb3]'"
    assert line.endswith(f"config_sb3.json: class: SB3 needs more: {cure}")


def test_reading_its_table_imports_neither_library():
    code = (
        "import sys; from rliable.registry import MODELS; MODELS.load('SB3').hyperparameters_for({'algorithm': 'PPO'})"
    )
    code += "; sys.exit(bool({'torch', 'stable_baselines3', 'gymnasium', 'tensorflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@peers
@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"n_step": 5}, "hp_params.n_step: unknown key; did you mean 'n_steps'? known:"),
        ({"n_steps": 0.5}, "hp_params.n_steps: expected a whole number, found 0.5"),
        ({"learning_rate": "linear"}, "hp_params.learning_rate: expected a number, or a text such as 'lin_0.001'"),
        ({"policy": "MlpPolici"}, "hp_params.policy: unknown 'MlpPolici'; did you mean 'MlpPolicy'? known:"),
        ({"noise_type": "normal"}, "hp_params.noise_type: PPO takes no noise"),
        ({"batch_size": -3}, "hp_params.batch_size: -3 is out of range, must be at least 1"),
        ({"device": "gpu"}, "hp_params.device: unknown 'gpu'"),
        ({"algorithm": "SAC"}, "algorithm: 'PPO' stands here, and 'SAC' in hp_params; write it once"),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(changes, line):
    file = model_file()
    file["hp_params"] |= changes
    _, _, problems = check_model(file, "model.json")
    assert any(str(problem).startswith(line) for problem in problems), problems


@peers
def test_an_unknown_algorithm_is_one_line():
    _, _, problems = check_model({**model_file(), "algorithm": "PPO2"}, "model.json")
    assert str(problems[0]).startswith(
        "hp_params.algorithm: unknown 'PPO2'; did you mean 'PPO'? known: A2C, ARS, CrossQ"
    )


@peers
def test_an_environment_inside_the_graph_becomes_gymnasiums_and_the_header_says_so():
    config, notes, _ = check_model(model_file(), "model.json")
    assert config.environment == "gymnasium:CartPole-v1"
    assert notes == ["environment 'CartPole-v1' is gymnasium:CartPole-v1"]


@peers
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_shipped_file_is_read(path):
    config, *_ = load_model_file(str(path))
    assert config.hp_params["algorithm"] == json.loads(path.read_text())["algorithm"]


@peers
@pytest.mark.parametrize("path", SPACES, ids=lambda path: path.stem)
def test_each_search_space_fits_its_algorithm(path):
    grid = json.loads(path.read_text())
    space, problems = parse_search_space(grid)
    table = MODELS.load("SB3").hyperparameters_for({"algorithm": grid["algorithm"]})
    assert problems == [] and grid_problems(grid, space, table) == []


@peers
@pytest.mark.parametrize(
    ("algorithm", "environment", "acts_in"),
    [
        ("SAC", "gymnasium:CartPole-v1", "Box; "),
        ("DDPG", "gymnasium:CartPole-v1", "Box; "),
        ("DQN", "gymnasium:Pendulum-v1", "Discrete; "),
        ("MaskablePPO", "gymnasium:Pendulum-v1", "Discrete, MultiDiscrete, MultiBinary; "),
    ],
)
def test_an_algorithm_that_cannot_act_in_an_environment_is_one_line(algorithm, environment, acts_in):
    file = {"class": "SB3", "environment": environment, "mdl_file": "w"}
    _, _, problems = check_model({**file, "hp_params": {"algorithm": algorithm, "total_timesteps": 10}}, "model.json")
    (problem,) = problems
    assert str(problem).startswith(f"hp_params.algorithm: {algorithm} acts in {acts_in}{environment} has actions ")


@peers
def test_a_gpu_that_is_not_there_is_one_line():
    device = f"cuda:{__import__('torch').cuda.device_count()}"
    (problem,) = MODELS.load("SB3").missing_devices({"device": device})
    assert str(problem).startswith(f"hp_params.device: '{device}' is not there")


@peers
@pytest.mark.parametrize("space", ["Discrete(3, start=-1)", "MultiDiscrete([3, 2], start=[5, -1])"])
def test_actions_reach_the_environment_as_its_space_counts_them(space, tmp_path):
    own = f"""
import gymnasium, numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete
class Counted(gymnasium.Env):
    observation_space, action_space = Box(-1, 1, (2,)), {space}
    def reset(self, *, seed=None, options=None):
        self.steps = 0
        return np.zeros(2, np.float32), {{}}
    def step(self, action):
        assert self.action_space.contains(np.asarray(action)), action
        self.steps += 1
        return np.zeros(2, np.float32), 1.0, self.steps == 10, False, {{}}
"""
    (tmp_path / "counted.py").write_text(own)
    values = {"algorithm": "PPO", **BRIEF, "n_steps": 64}
    environment = f"{tmp_path}/counted.py:Counted"
    config, _, problems = check_model(
        {"class": "SB3", "environment": environment, "mdl_file": "w", "hp_params": values}, "model.json"
    )
    assert problems == []
    model = make_model(config, 1, str(tmp_path))
    model.train(open_data(config))
    assert model.run_episodes(open_data(config), range(3)) == [10.0] * 3


@peers
def test_the_algorithm_may_be_searched_over(tmp_path):
    model = model_file(n_steps=64)
    del model["algorithm"], model["hp_params"]["n_steps"]
    grid = {"algorithm": ["PPO", "DQN"], "n_steps": {"values": [32, 64], "when": {"algorithm": "PPO"}}}
    grid["buffer_size"] = {"values": [100, 1000], "when": {"algorithm": "DQN"}}
    assert load_study(write_study(tmp_path, model, grid)).space.size == 4
    grid = {"algorithm": "ARS", "n_steps": [32]}
    with pytest.raises(ConfigError, match=r"grid\.n_steps: ARS has no such argument; did you mean 'n_top'"):
        load_study(write_study(tmp_path, model, grid))


@peers
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_run_goes_on_from_a_checkpoint_to_the_same_end_and_is_loaded_as_it_was(algorithm, tmp_path):
    config = config_of(algorithm, checkpoint_interval_steps=150)
    whole, kept = train(config, tmp_path / "whole")
    rest, _ = train(config, tmp_path / "rest", kept[0])
    assert 0 < len(rest.learning_curve) < len(whole.learning_curve)
    assert whole.learning_curve[-len(rest.learning_curve) :] == rest.learning_curve
    assert rest.evaluate(open_data(config)) == whole.evaluate(open_data(config))
    loaded = make_model(config, 5, str(tmp_path / "whole"))
    loaded.load_model()
    assert loaded.evaluate(open_data(config)) == whole.evaluate(open_data(config))


@peers
def test_the_saved_model_is_stable_baselines3s_own(tmp_path):
    from stable_baselines3 import PPO

    config = config_of("PPO", normalize=False)
    model, _ = train(config, tmp_path / "run")
    observations = [[0.1, 0.2, -0.1, 0.0], [0.0, -0.2, 0.1, 0.3]]
    actions, _ = PPO.load(tmp_path / "run/model.zip", device="cpu").predict(observations, deterministic=True)
    assert model.predict(observations).tolist() == actions.tolist()


@peers
def test_a_paused_run_leaves_a_checkpoint_and_goes_on(tmp_path):
    config = config_of("DQN")
    paused, kept = train(config, tmp_path / "a", on_report=lambda row: Answer.PAUSE if row["step"] else Answer.GO_ON)
    assert len(kept) == 1 and paused.learning_curve[-1]["step"] < 200
    rest, _ = train(config, tmp_path / "b", kept[0])
    assert rest.learning_curve[-1]["step"] >= 500


@peers
def test_evaluations_change_no_bit_of_the_training(tmp_path):
    often, _ = train(config_of("DQN", eval_interval=50), tmp_path / "often")
    rarely, _ = train(config_of("DQN", eval_interval=10_000), tmp_path / "rarely")
    assert often.learning_curve[-1] == rarely.learning_curve[-1]


@peers
def test_the_return_of_an_episode_depends_on_its_number_alone(tmp_path):
    config = config_of("PPO")
    model, _ = train(config, tmp_path / "run")
    together = model.run_episodes(open_data(config), range(10))
    assert together[4:7] == model.run_episodes(open_data(config), range(4, 7))
    assert len(set(together)) > 1


def write_study(folder, model, grid, **keys):
    study = {"config": "model.json", "optim_name": "study", "num_workers": 2, "seed": 3, "max_iters": 2, "grid": grid}
    study |= {"metric": {"name": "reward", "criteria": "max"}, "convergence": None, **keys}
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "study.json").write_text(json.dumps(study))
    return str(folder / "study.json")


GRID = {"learning_rate": {"min": 1e-4, "max": 1e-2, "log": True}}


def outcome(record):
    return [(t.number, t.params, [run.metrics for run in t.runs]) for t in record.trials], record.best


@peers
def test_a_study_is_bit_equal_in_every_mode(tmp_path):
    study = write_study(tmp_path, model_file(num_test_episodes=25), GRID, seeds_per_trial=2)
    options = {"output": tmp_path / "serial", "pictures": False}
    serial = outcome(rliable.search(study, **options))
    for level in (1, 2):
        folder = tmp_path / f"level{level}"
        command = [sys.executable, "optimize.py", study, "--parallelized", "--plevel", str(level), "--no-plots"]
        subprocess.run([*command, "--output", folder], cwd=ROOT, check=True, capture_output=True, timeout=280)
        assert outcome(load_record(folder)) == serial
        curves = [(tmp_path / name / "trials/0001/run_1/learning_curve.csv").read_text() for name in ("serial", folder)]
        assert curves[0] == curves[1]


@peers
def test_a_report_can_be_answered_with_stop(tmp_path):
    study = write_study(tmp_path, model_file(total_timesteps=10**7), GRID, max_iters=1)
    record = rliable.search(study, output=tmp_path / "out", on_report=lambda report: Answer.STOP, pictures=False)
    assert [trial.state for trial in record.trials] == ["PRUNED"]


@peers
def test_a_run_whose_process_was_killed_goes_on_from_its_checkpoint_to_the_same_bits(tmp_path):
    model = model_file(total_timesteps=6000, checkpoint_interval_steps=500, eval_interval=10**6)
    study = write_study(tmp_path, model, GRID, max_iters=1)
    whole = outcome(rliable.search(study, output=tmp_path / "whole", pictures=False))
    command = [sys.executable, "optimize.py", study, "--output", tmp_path / "killed", "--no-plots"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for((tmp_path / "killed/trials/0000/run_0/checkpoint.bin").exists)
    children = psutil.Process(process.pid).children(recursive=True)
    computing = next(child for child in children if "rliable.executors.slots.compute" in " ".join(child.cmdline()))
    os.kill(computing.pid, signal.SIGKILL)
    assert process.wait(timeout=280) == 0
    record = load_record(tmp_path / "killed")
    assert outcome(record) == whole
    assert record.trials[0].runs[0].attempts == 2


def wait_for(is_true, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_every_hyperparameter_of_ours_says_what_it_is():
    fields = dataclasses.fields(MODELS.load("SB3").hyperparameters)
    assert all(field.metadata["rule"].doc.endswith(".") for field in fields)
