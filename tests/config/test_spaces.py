"""The field's search spaces in config/spaces: each can be pasted as the grid of a study of that agent."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from rliable.config.grid import grid_problems
from rliable.config.parameters import Choice, OneMinus
from rliable.config.search_space import parse_search_space
from rliable.registry import MODELS
from rliable.schema import check_record
from rliable.training.model import AgentModel

ROOT = Path(__file__).parents[2]
AGENTS = [name for name in sorted(MODELS.table) if issubclass(MODELS.load(name), AgentModel)]


def space_of(name):
    grid = json.loads((ROOT / "config" / "spaces" / f"{name}.json").read_text())
    space, problems = parse_search_space(grid)
    assert problems == []
    return grid, space


def test_every_agent_has_a_space_and_nothing_else_does():
    names = {path.name for path in (ROOT / "config" / "spaces").iterdir()}
    assert {name for name in names if not name.startswith("sb3_")} == {f"{name}.json" for name in AGENTS}


@pytest.mark.parametrize("name", AGENTS)
def test_everything_that_a_space_can_give_passes_the_models_rules(name):
    grid, space = space_of(name)
    table = MODELS.load(name).hyperparameters
    assert grid_problems(grid, space, table) == []
    draws, seen = random.Random(1), set()
    for _ in range(400):
        drawn = {parameter: entry.from_unit(draws.random()) for parameter, entry in space.varied.items()}
        configuration = space.active(drawn)
        seen |= {(parameter, json.dumps(value)) for parameter, value in configuration.items()}
        assert check_record(table, {"train_iterations": 1000, **space.fixed, **configuration})[1] == []
    choices = {parameter: entry for parameter, entry in space.varied.items() if isinstance(entry, Choice)}
    assert {(key, json.dumps(value)) for key, entry in choices.items() for value in entry.values} <= seen


@pytest.mark.parametrize("name", AGENTS)
def test_discount_and_rate_are_searched_as_the_field_does(name):
    _, space = space_of(name)
    gamma, rate = space.varied["gamma"], space.varied["learning_rate"]
    assert isinstance(gamma, OneMinus)
    assert (gamma.searched.low, gamma.searched.high, gamma.searched.log) == (1e-4, 0.03, True)
    assert (rate.low, rate.high, rate.log) == (1e-5, 2e-3, True)


@pytest.mark.parametrize("name", AGENTS)
def test_space_lets_no_trial_train_longer_than_another(name):
    counted = {"train_iterations", "collect_steps_per_iteration", "num_environments"}
    assert counted & set(space_of(name)[1].varied) == set()


@pytest.mark.parametrize("name", ["DDPG", "TD3", "SAC"])
def test_noise_has_a_size_only_where_there_is_noise(name):
    _, space = space_of(name)
    assert space.conditions == {"noise_std": {"noise": ("normal", "ou")}}


def printed(name):
    line = [sys.executable, "-m", "rliable", "models", name]
    return subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=True).stdout


def test_models_command_prints_the_space_ready_to_paste():
    text = printed("SAC")
    assert "initial_alpha" in text
    heading = 'A search space to begin with, as the "grid" of a study file (config/spaces/SAC.json):\n\n'
    pasted, _ = json.JSONDecoder().raw_decode(text.partition(heading)[2])
    assert pasted == space_of("SAC")[0]
    tuned = sorted((ROOT / "config" / "zoo").glob("sac_*.json"))
    assert text.endswith(
        "Model files with tuned values:\n\n" + "".join(f"  config/zoo/{path.name}\n" for path in tuned)
    )


def test_models_command_prints_no_space_of_a_model_that_has_none():
    assert "search space" not in printed("CountModel")
