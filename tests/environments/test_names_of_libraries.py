"""Environments of Gymnasium, Gym and the user's own by name: what a name stands for, and what is missing for it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rliable import extras
from rliable.config.environment import classes_of, resolve_environment
from rliable.config.model_file import check_model
from rliable.environments import load_data, recording
from rliable.environments.host import HostEnvironment
from rliable.registry import ENVIRONMENTS
from rliable.schema import ConfigError
from rliable.unit import ModelConfig

ROOT = Path(__file__).parents[2]
OWN = "tests/environments/host_environments.py"


def error_of(name):
    with pytest.raises(ConfigError) as caught:
        resolve_environment(name)
    (line,) = caught.value.problems
    return line


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("CartPole-v1", "CartPole-v1"),
        ("gymnasium:CartPole-v1", "gymnasium:CartPole-v1"),
        ("gym:cartpole-V1", "gym:CartPole-v1"),
        ("LunarLander-v3", "gymnasium:LunarLander-v3"),
        ("lunarlander-v2", "gym:LunarLander-v2"),
        ("FrozenLake-v1", "gymnasium:FrozenLake-v1"),
        ("ALE/Pong-v5", "gymnasium:ALE/Pong-v5"),
        ("gymnasium:PongNoFrameskip-v4", "gymnasium:PongNoFrameskip-v4"),
        ("HalfCheetahBulletEnv-v0", "gym:HalfCheetahBulletEnv-v0"),
        ("HalfCheetah-v5", "gymnasium:HalfCheetah-v5"),
    ],
)
def test_ours_come_first_then_gymnasiums_then_gyms(written, name):
    assert resolve_environment(written) == name
    assert resolve_environment(name) == name
    assert load_data(name).name == name


def test_a_note_says_which_one_a_name_is():
    file = {"class": "DQN", "environment": "FrozenLake-v1", "mdl_file": "w", "hp_params": {"train_iterations": 1}}
    model, notes, problems = check_model(file, "model.json")
    assert problems == []
    assert notes == ["environment 'FrozenLake-v1' is gymnasium:FrozenLake-v1"]
    assert model.environment == "gymnasium:FrozenLake-v1"
    assert check_model({**file, "environment": model.environment}, "model.json")[1] == []


@pytest.mark.parametrize("name", ["Corridor", "OldCorridor", "PlainCorridor", "make_corridor"])
@pytest.mark.parametrize("form", [OWN, "tests.environments.host_environments"])
def test_ones_own_class_of_any_age_is_stepped_alike(name, form):
    environment = load_data(resolve_environment(f"{form}:{name}"))
    assert isinstance(environment, HostEnvironment)
    first, again = environment.make(), environment.make()
    for seed in (3, 4):
        assert np.array_equal(first.reset(seed), again.reset(seed))
        observation, reward, terminated, truncated = first.step(
            1 if environment.num_actions else np.array([0.2], np.float32)
        )
        assert observation.shape == (environment.observation_size,) and observation.dtype == np.float32
        assert (type(reward), type(terminated), type(truncated)) == (float, bool, bool)


def test_a_time_limit_of_gyms_is_told_as_truncation():
    instance = load_data(f"{OWN}:OldCorridor").make()
    instance.reset(0)
    steps = [instance.step(0) for _ in range(50)]
    assert [step[2:] for step in steps[-2:]] == [(False, False), (False, True)]
    instance.reset(0)
    while not (ends := instance.step(1)[2:])[0]:
        assert ends == (False, False)


def test_constants_are_those_of_the_class_behind_a_name():
    environment = load_data(f"{OWN}:Corridor", constants={"length": 9})
    assert environment.make().environment.adapted.length == 9
    assert environment != load_data(f"{OWN}:Corridor")
    assert load_data("gymnasium:LunarLander-v3", constants={"continuous": True}).action_low == (-1.0, -1.0)
    file = {"class": "DQN", "mdl_file": "w", "hp_params": {"train_iterations": 1}}
    for name, known in ((f"{OWN}:Corridor", "length, step_cost"), ("LunarLander-v3", "continuous, ")):
        wrong = {**file, "environment": name, "environment_kwargs": {"depth": 1}}
        (problem,) = check_model(wrong, "model.json")[2]
        assert str(problem).startswith("environment_kwargs.depth: unknown constant") and known in str(problem)


def test_unknown_names_are_answered_with_the_nearest_of_all():
    assert error_of("LunarLender-v3").startswith(
        "environment: unknown environment 'LunarLender-v3'; did you mean 'LunarLander-v3'? known: Acrobot-v1, "
    )
    assert error_of("gym:LunarLander-v3") == (
        "environment: gym has no environment 'LunarLander-v3'; did you mean 'LunarLander-v2'? "
        "`rliable environments --all` lists those of Gymnasium and Gym"
    )


@pytest.mark.parametrize(
    ("hidden", "name", "extra"),
    [
        ("Box2D", "LunarLander-v3", "box2d"),
        ("pybullet", "gym:HalfCheetahBulletEnv-v0", "pybullet"),
        ("ale_py", "ALE/Pong-v5", "atari"),
        ("pybullet_envs", "ReacherBulletEnv-v0", "pybullet"),
        ("gymnasium", "gymnasium:CartPole-v1", "gymnasium"),
        ("gymnasium", "LunarLander-v3", "gymnasium"),
        ("mujoco", "HalfCheetah-v5", "mujoco"),
    ],
)
def test_a_missing_package_is_one_line_that_names_its_extra(hidden, name, extra):
    code = f"""
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
import importlib.util
known = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == {hidden!r} else known(name, *rest)
sys.meta_path.insert(0, Hide())
from rliable.config.environment import resolve_environment
from rliable.schema import ConfigError
try:
    resolve_environment({name!r})
except ConfigError as error:
    print(*error.problems, sep="\\n")"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    (line,) = done.stdout.splitlines()
    assert f"the package {hidden!r} is missing; pip install 'rliable-spark[{extra}]'" in line, done.stderr


def test_the_cause_of_a_librarys_own_words_is_found():
    try:
        try:
            raise ModuleNotFoundError("No module named 'Box2D.b2'", name="Box2D.b2")
        except ImportError:
            raise RuntimeError("install something") from None
    except RuntimeError as error:
        assert extras.missing_package(error) == "Box2D"
    assert extras.missing_package(ValueError()) is None


def test_of_a_librarys_environment_only_the_users_module_is_shipped():
    assert classes_of(ModelConfig("DQN", "gymnasium:LunarLander-v3", "w", {})) == ("DQN", "LunarLander-v3")
    assert classes_of(ModelConfig("DQN", f"{OWN}:Corridor", "w", {})) == ("DQN", f"{OWN}:Corridor")


def test_an_environment_that_a_module_adds_is_found(tmp_path, monkeypatch):
    (tmp_path / "added_mazes.py").write_text(
        "import gymnasium\ngymnasium.register('AddedMaze-v0', 'gymnasium.envs.classic_control:CartPoleEnv')"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    name = resolve_environment("gymnasium:added_mazes:addedmaze-v0")
    assert name == "gymnasium:added_mazes:AddedMaze-v0"
    assert load_data(name).observation_size == 4
    assert classes_of(ModelConfig("DQN", name, "w", {})) == ("DQN", "added_mazes:AddedMaze-v0")


def test_environments_inside_the_graph_import_no_library():
    code = "import sys; from rliable.environments import ENVIRONMENTS, load_data\n"
    code += "for name in ENVIRONMENTS: load_data(name)\n"
    code += "sys.exit('gymnasium' in sys.modules or 'gym' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_a_class_is_known_by_its_methods():
    assert ENVIRONMENTS.load(f"{OWN}:PlainCorridor").__doc__.startswith("A class of no library")
    assert "is neither an environment" in error_of(f"{ROOT}/tests/environments/gyms.py:Steps")


def test_what_is_not_repeatable_is_named_before_anything_runs():
    file = {"class": "DQN", "mdl_file": "w", "hp_params": {"train_iterations": 1}}
    place = "tests/contracts/broken_environments.py"
    for name in ("Unseeded", "Remembers"):
        _, notes, problems = check_model({**file, "environment": f"{place}:{name}"}, "model.json")
        assert problems == [] and notes == [
            f"{place}:{name} is not repeatable: with one seed and the same actions episodes differ, and so do results; "
            "`rliable check` tells where"
        ]


@pytest.mark.parametrize("name", ["gymnasium:BipedalWalker-v3", "gym:HopperBulletEnv-v0", "gym:AntBulletEnv-v0"])
def test_libraries_episodes_follow_from_their_seeds_also_in_a_used_instance(name):
    assert load_data(name).warnings() == []


@pytest.mark.parametrize("harm", ["os.kill(os.getpid(), 9)", "time.sleep(60)", "raise OSError('no power')"])
def test_trying_an_environment_that_dies_hangs_or_raises_harms_nobody_and_says_nothing(tmp_path, monkeypatch, harm):
    (tmp_path / "harmful_thing.py").write_text(
        "import os, time\nfrom tests.environments.host_environments import Corridor\nclass Harmful(Corridor):\n"
        f"    def step(self, action):\n        {harm}"
    )
    monkeypatch.setattr(recording, "TIMEOUT_SECONDS", 5.0)
    assert load_data(f"{tmp_path}/harmful_thing.py:Harmful").warnings() == []


def test_actions_without_bounds_get_some_by_the_wrapper_that_the_refusal_names():
    file = {"class": "SAC", "environment": "tests/contracts/broken_environments.py:Unbounded", "mdl_file": "w"}
    file |= {"hp_params": {"train_iterations": 1}}
    (problem,) = check_model(file, "model.json")[2]
    wrapper = str(problem).partition('"wrappers": [')[2].removesuffix("]")
    assert check_model({**file, "wrappers": [json.loads(wrapper)]}, "model.json")[2] == []
