"""A test episode that is drawn is the one that was evaluated."""

import numpy as np
import pytest

from rliable.environments import load_data
from rliable.registry import MODELS

BRIEF = {"train_iterations": 300, "initial_collect_steps": 10, "num_eval_episodes": 2, "batch_size": 8}


def trained(environment, changes=None, **keys):
    """A model that was trained a little, so that its episodes differ, and its environment."""
    cfg = {"class": "DQN", "environment": environment, "mdl_file": "", "hp_params": BRIEF | (changes or {}), **keys}
    model = MODELS.load("DQN")(None, {**cfg, "seed": 3})
    data = load_data(environment, constants=keys.get("environment_kwargs", {}), wrappers=keys.get("wrappers", ()))
    model.train(data, data)
    return model, data


@pytest.fixture(scope="module")
def cartpole():
    return trained("CartPole-v1", {"train_iterations": 2500})


def test_an_episode_inside_the_graph_has_as_many_pictures_as_its_return_says(cartpole):
    model, data = cartpole
    returns = [*model.run_episodes(data, range(10)), *model.run_episodes(data, range(10, 13))]
    drawn = {episode: model.draw_episode(data, episode) for episode in (0, 7, 12)}
    assert len(set(returns)) > 3
    assert {episode: len(list(frames)) for episode, (_, frames) in drawn.items()} == {
        episode: returns[episode] + 1 for episode in drawn
    }
    assert {rate for rate, _ in drawn.values()} == {50.0}


def test_the_states_of_an_episode_begin_where_it_began_and_end_where_the_pole_fell(cartpole):
    model, data = cartpole
    run = model._trained_run()
    states = run.program(data).episodes.states_of(run.parts, run.seed, "test episode", 4)
    fallen = (np.abs(states[:, 0]) > 2.4) | (np.abs(states[:, 2]) > 12 * np.pi / 180)
    assert np.flatnonzero(fallen).tolist() == [len(states) - 1]
    assert np.abs(states[0]).max() <= 0.05


def test_an_episode_on_the_host_is_drawn_by_its_environment():
    model, data = trained(
        "tests.environments.wrapped_environments:Counting",
        environment_kwargs={"is_numbers": True},
        wrappers=[{"frame_stack": {"size": 2}}, {"episodic_life": {}}, {"clip_rewards": {}}],
    )
    rate, frames = model.draw_episode(data, 11)
    assert [int(frame.max()) for frame in frames] == list(range(16))  # all three lives
    assert rate == 10.0 and model.lack_of_pictures(data) is None


def test_an_episode_on_the_host_has_as_many_pictures_as_the_same_episode_has_steps():
    model, data = trained("gymnasium:CartPole-v1")
    assert len(list(model.draw_episode(data, 2)[1])) == model.run_episodes(data, range(2, 3))[0] + 1
