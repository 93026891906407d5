"""A model is refused where its actions are of the wrong kind, before anything is started."""

import subprocess
import sys
from pathlib import Path

import pytest

from rliable.cli.evaluate import with_environment
from rliable.config.model_file import check_model
from rliable.records.run_files import SavedRun
from rliable.schema import ConfigError
from rliable.unit import ModelConfig
from tests.models.quick_agents import NAMES

SHOULD = "environment: {} needs {} actions; {} has {}"
IMAGINARY = """
from models.dqn import DQN
from rliable.environments.pendulum import Pendulum

class Vain(DQN):
    acts = "continuous"

class Broken(Pendulum):
    def __init__(self):
        raise OSError("no such world")
"""


def model_file(name, environment, **keys):
    return {"class": name, "environment": environment, "mdl_file": "w", "hp_params": {"train_iterations": 1}, **keys}


def lines_of(name, environment, **keys):
    return [str(problem) for problem in check_model(model_file(name, environment, **keys), "model.json")[2]]


@pytest.fixture
def own(tmp_path):
    (tmp_path / "imaginary_agents.py").write_text(IMAGINARY)
    yield tmp_path / "imaginary_agents.py"
    sys.modules.pop("imaginary_agents", None)


def test_a_model_of_discrete_actions_is_refused_where_they_are_continuous():
    assert lines_of("DQN", "Pendulum-v1") == [SHOULD.format("DQN", "discrete", "Pendulum-v1", "1 continuous one")]
    assert lines_of("DQN", "CartPole-v1") == []


def test_a_model_of_continuous_actions_is_refused_where_they_are_discrete(own):
    assert lines_of(f"{own}:Vain", "CartPole-v1") == [
        SHOULD.format("Vain", "continuous", "CartPole-v1", "2 discrete ones")
    ]
    assert lines_of(f"{own}:Vain", "pendulum-v1", environment_kwargs={"gravity": 5}) == []


def test_an_environment_that_cannot_be_made_is_one_line(own):
    (line,) = lines_of(f"{own}:Vain", f"{own}:Broken")
    assert line == f"environment: making {own}:Broken failed: OSError: no such world"


def test_wrong_constants_are_told_before_the_environment_is_made():
    (line,) = lines_of("DQN", "Pendulum-v1", environment_kwargs={"gravitas": 1})
    assert line.startswith("environment_kwargs.gravitas: unknown constant")


def test_a_trained_model_is_not_evaluated_where_it_cannot_act():
    run = SavedRun(Path("w"), Path("w"), ModelConfig("DQN", "CartPole-v1", "w", {}), 1, 1, 10, {})
    with pytest.raises(ConfigError, match=r"--env: DQN needs discrete actions; Pendulum-v1 has 1 continuous one"):
        with_environment(run, "Pendulum-v1")


@pytest.mark.agents
@pytest.mark.parametrize("name", ["Acrobot-v1", "gymnasium:LunarLander-v3"])
def test_a_trained_model_is_not_evaluated_where_there_is_something_else_to_see(name):
    run = SavedRun(Path("w"), Path("w"), ModelConfig("DQN", "CartPole-v1", "w", {}), 1, 1, 10, {})
    with pytest.raises(
        ConfigError, match=r"--env: .* has observation: \d numbers; action: one of \d; the model was tr"
    ):
        with_environment(run, name)
    assert with_environment(run, "gymnasium:CartPole-v1").model.environment == "gymnasium:CartPole-v1"


@pytest.mark.parametrize("name", NAMES)
def test_the_check_imports_no_tensorflow(name):
    code = f"""
import sys
from rliable.config.model_file import check_model
for environment in ("CartPole-v1", "Pendulum-v1"):
    check_model({model_file(name, "")!r} | {{"environment": environment}}, "model.json")
sys.exit("tensorflow" in sys.modules or "gym" in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
