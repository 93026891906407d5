"""`rliable environments`: what there is, and what may be changed."""

import pytest

from rliable.cli import main
from rliable.config.constants import constants_of
from rliable.environments import ENVIRONMENTS
from rliable.environments.wrappers import WRAPPERS
from rliable.registry import ENVIRONMENTS as REGISTRY


@pytest.fixture
def printed(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments):
        assert main(["environments", *arguments]) == 0
        return capsys.readouterr().out

    return run


def test_every_environment_is_listed_with_its_spaces_limit_threshold_and_constants(printed):
    listing = printed()
    assert all(name in listing for name in ENVIRONMENTS)
    assert all(constant in listing for name in ENVIRONMENTS for constant in constants_of(REGISTRY.load(name)))
    assert "observation: 6 numbers; action: one of 3" in listing
    assert "observation: 3 numbers; action: 1 in [-2, 2]" in listing
    (row,) = [line.split() for line in listing.splitlines() if line.startswith(" MountainCar-v0 ")]
    assert row[-2:] == ["200", "-110"]
    assert "Drive a weak car up a hill, as soon as possible." in " ".join(row)


def test_one_environment_is_shown_with_each_constant(printed):
    table = printed("pendulum-V1")
    assert "Pendulum-v1: Swing a pendulum up with a weak motor, and hold it there." in table
    assert "Acceleration of free fall. (a number, in [0, 1000]; m/s²)" in table
    (row,) = [line.split() for line in table.splitlines() if line.startswith(" max_episode_steps ")]
    assert row[1] == "200"


def test_ones_own_environment_is_shown_too(printed):
    table = printed("tests/environments/own_environment.py:LongPole")
    rows = [line.split()[:2] for line in table.splitlines()]
    assert ["length", "4.0"] in rows and ["note", "null"] in rows
    assert "<class 'object'>" in table


def test_unknown_environment_is_one_line_and_exit_code_2(capsys):
    assert main(["environments", "Acrobat-v1"]) == 2
    assert capsys.readouterr().err.startswith(
        "error: environment: unknown environment 'Acrobat-v1'; did you mean 'Acrobot-v1'? known: Acrobot-v1, "
    )


def test_all_lists_the_libraries_by_group(printed):
    listing = printed("--all")
    assert all(f" {name} " in listing for name in ENVIRONMENTS)
    assert "gymnasium: as gymnasium:NAME" in listing and "gym: as gym:NAME" in listing
    assert "box2d: BipedalWalker-v3, BipedalWalkerHardcore-v3, CarRacing-v3, LunarLander-v3, " in listing
    assert "Ant-v4, -v5, HalfCheetah-v4, -v5" in listing
    assert "HalfCheetahBulletEnv-v0" in listing and "ALE/Pong-v5" in listing
    assert "mujoco: the package 'mujoco_py' is missing" in listing


def test_what_an_agent_sees_and_does_is_shown_for_any_name(printed):
    text = printed("lunarlander-v3")
    assert "gymnasium:LunarLander-v3: This environment is a classic rocket trajectory" in " ".join(text.split())
    assert "observation: 8 numbers; action: one of 4\ntime limit: 1000 steps\nsolved at a mean return of 200" in text
    assert "observation: an image of 210 x 160 x 3 bytes; action: one of 6" in printed("ALE/Pong-v5")
    assert "flattened to 45 numbers" in printed("Blackjack-v1")
    assert "observation: 50 numbers; action: one of 3\ntime limit: 9 steps" in printed("catch")
    text = printed("tests/environments/host_environments.py:Corridor")
    assert "Walk to the right end of a corridor" in " ".join(text.split()) and "time limit: none" in text


def test_an_environment_in_which_no_agent_can_act_is_shown_and_refused(tmp_path, capsys):
    (tmp_path / "endless_thing.py").write_text(
        "from tests.environments.host_environments import *\nclass Endless(PlainCorridor):\n"
        "    def __init__(self, step_cost=1.0): pass\n"
        "    action_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,))"
    )
    assert main(["environments", f"{tmp_path}/endless_thing.py:Endless"]) == 2
    captured = capsys.readouterr()
    assert "step_cost" in captured.out and "agents need finite bounds" in captured.err


def test_the_wrappers_are_listed_with_their_parameters(printed):
    listing = printed("--wrappers")
    assert all(f" {name} " in listing for name in WRAPPERS)
    assert "times (required): How often each action is done. (a whole number, in [1, 1000])" in listing
