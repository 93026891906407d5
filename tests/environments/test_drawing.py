"""Pictures: states inside the graph as Gymnasium draws them, environments on the host as they draw themselves."""

import gymnasium
import numpy as np
import pytest

from rliable.environments import ENVIRONMENTS, drawing, load_data
from rliable.environments.base import Environment
from rliable.environments.drawing import StateDrawer
from rliable.environments.host import HostEnvironment
from rliable.registry import ENVIRONMENTS as REGISTRY
from tests.environments.wrapped_environments import Counting, Steering

DRAWN = [name for name in ENVIRONMENTS if REGISTRY.load(name).drawn_by]


def test_classic_control_is_drawn():
    assert set(ENVIRONMENTS) - set(DRAWN) == {"BasicEnv", "Catch", "DeepSea-10"}


@pytest.mark.parametrize("name", DRAWN)
def test_a_state_looks_as_gymnasiums_environment_does_in_it(name):
    environment: Environment = load_data(name)
    reference = gymnasium.make(environment.drawn_by, render_mode="rgb_array").unwrapped
    drawer = StateDrawer(environment.drawn_by)
    pictures = []
    for seed in (1, 2):
        reference.reset(seed=seed)
        state = environment.initial_states([seed])[0]
        pictures.append(drawer.draw(state))
        assert pictures[-1].dtype == np.uint8 and pictures[-1].shape[2] == 3
        assert np.array_equal(pictures[-1], reference.render())
    assert not np.array_equal(*pictures)
    assert drawer.frame_rate == reference.metadata["render_fps"]


def test_what_cannot_be_drawn_says_why(monkeypatch):
    assert load_data("CartPole-v1").lack_of_pictures is None
    assert load_data("Catch").lack_of_pictures == "there is nothing that draws it"
    assert HostEnvironment("Counting", Counting, {}).lack_of_pictures is None
    (line,) = [HostEnvironment("Steering", Steering, {"bound": 1}).lack_of_pictures]
    assert line == "its metadata has no render mode 'rgb_array'"
    monkeypatch.setattr(drawing, "PACKAGES", ("gymnasium", "pygame_that_is_not_there"))
    monkeypatch.setitem(drawing.cure.__globals__["EXTRAS"], "pygame_that_is_not_there", "video")
    lack = load_data("CartPole-v1").lack_of_pictures
    assert lack == "the package 'pygame_that_is_not_there' is missing; pip install 'rliable-spark[video]'"


def test_a_film_keeps_its_pace_where_actions_are_repeated():
    repeats = [{"action_repeat": {"times": 2}}, {"max_and_skip": {"skip": 3}}, {"sticky_actions": {}}]
    assert HostEnvironment("Counting", Counting, {}, repeats[2:]).make(render_mode="rgb_array").frame_rate == 10
    instance = HostEnvironment("Counting", Counting, {}, repeats).make(render_mode="rgb_array")
    assert instance.frame_rate == 10 / 6
    instance.reset(1)
    instance.step(0)
    assert (instance.render() == 6).all()
