"""Users' environments that do to their process what they should not, or give what agents cannot learn from."""

import gymnasium
import numpy as np
import pytest

from rliable.cli import main
from rliable.environments.host import HostEnvironment
from tests.cli.commands import ROOT, optimize

OWN = """
import os
from tests.environments.host_environments import Corridor

class Mover(Corridor):
    def __init__(self, when="making"):
        super().__init__()
        self.when = when
        if when == "making":
            os.chdir("/")

    def reset(self, *, seed=None, options=None):
        if self.when == "reset":
            os.chdir("/")
        return super().reset(seed=seed)

    def step(self, action):
        if self.when == "quitting":
            raise SystemExit("I quit\\nfor good")
        return super().step(action)
"""


class Given(gymnasium.Env):
    """Gives a reward and observations of a shape."""

    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, reward: float = 1.0, size: int = 2) -> None:
        self.reward, self.size = reward, size

    def reset(self, *, seed=None, options=None):
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return np.zeros(self.size, np.float32), self.reward, False, False, {}


@pytest.mark.parametrize("reward", [float("nan"), float("inf"), 1e300])
def test_a_reward_that_32_bits_cannot_hold_is_said_with_the_environments_name(reward):
    instance = HostEnvironment("Maze", Given, {"reward": reward}).make()
    instance.reset(1)
    with pytest.raises(ValueError, match=f"Maze gave the reward {reward}".replace("+", ".")):
        instance.step(0)


def test_an_observation_of_another_shape_is_said_with_the_environments_name():
    instance = HostEnvironment("Maze", Given, {"size": 3}).make()
    instance.reset(1)
    with pytest.raises(ValueError, match=r"Maze gave an observation of shape \[3\], and observation_space says \[2\]"):
        instance.step(0)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with an environment and a model file, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "model.json").write_text(
        '{"class": "DQN", "environment": "own.py:Mover", "mdl_file": "w",'
        ' "hp_params": {"train_iterations": 20, "num_eval_episodes": 2, "num_test_episodes": 3}}'
    )
    (tmp_path / "study.json").write_text(
        '{"config": "model.json", "optim_name": "Own", "num_workers": 2, "grid": {"gamma": [0.9, 0.99]},'
        ' "metric": {"name": "reward", "criteria": "max"}, "max_iters": 2, "convergence": null, "sampler": "grid"}'
    )
    return tmp_path


@pytest.mark.parametrize("when", ["making", "reset"])
def test_what_is_trained_is_left_where_it_was_asked_for_though_the_environment_goes_elsewhere(own, when):
    place = ["--set", f'environment_kwargs.when="{when}"']
    done = optimize("--config", "model.json", "--output", "out", *place, script="train.py", folder=own)
    assert done.returncode == 0, done.stderr
    assert (own / "out/model.json").is_file() and (own / "out/returns.csv").is_file()
    assert optimize("--model", "out", "--out", "e.json", script="evaluate.py", folder=own).returncode == 0
    assert (own / "e.json").is_file()


@pytest.mark.spark
@pytest.mark.parametrize("arguments", [(), ("--parallelized",)])
def test_a_study_is_left_where_it_was_asked_for_though_the_environment_goes_elsewhere(own, arguments):
    done = optimize("study.json", "--output", "out", "--no-plots", *arguments, folder=own)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (own / "out/results.json").is_file() and (own / "out/trials/0001/run_0/model").is_dir()


def test_an_environment_that_ends_the_process_is_named_by_the_check_and_by_the_evaluation(own, capsys):
    assert main(["check", "own.py:Mover", "--kwargs", '{"when": "quitting"}']) == 1
    assert "raises: SystemExit: I quit\n" in capsys.readouterr().out

    assert main(["train", "--config", "model.json", "--output", "out"]) == 0
    content = (own / "own.py").read_text()
    (own / "own.py").write_text(content.replace('when="making"', 'when="quitting"'))
    done = optimize("--model", "out", script="evaluate.py", folder=own)
    assert done.returncode == 1
    assert done.stderr == "error: evaluating out failed: SystemExit: I quit\n"
