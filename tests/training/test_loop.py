"""The compiled loop: what it collects, how it explores, what stays behind."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import tensorflow as tf
from rliable.training.dqn_agent import DQNShape
from rliable.training.dqn_program import DQNProgram
from tensorflow.python.framework.func_graph import FuncGraph

from rliable.environments.cartpole import CartPole
from rliable.training.loop import LoopSettings, LoopShape, epsilon_at

SHAPE = DQNShape((8,), double=False, loss="mse", clips_gradients=False)
NUMBERS = {"gamma": 0.9, "learning_rate": 0.001, "target_update_tau": 1.0, "target_update_period": 10}


def make_settings(**changes: float) -> LoopSettings:
    whole = {"num_iterations": 400, "collect_steps": 1, "train_steps": 0, "window": 100, "epsilon_first_step": 0}
    whole |= {"epsilon_decay_steps": 100, "exploration_seed": 1, "reset_seed": 2, "sample_seed": 3}
    real = {"epsilon_start": 1.0, "epsilon_end": 1.0, "gamma": 0.9}
    values = {name: np.int32(value) for name, value in whole.items()}
    values |= {name: np.float32(value) for name, value in real.items()}
    return LoopSettings(**(values | {name: type(values[name])(value) for name, value in changes.items()}))


def collect(max_episode_steps: int = 200, **changes: float):
    program = DQNProgram(CartPole("test", max_episode_steps), SHAPE, LoopShape(16, 1000, 1))
    state, losses = program.run(program.start(5, **NUMBERS), make_settings(**changes))
    return program, state, losses


def test_transitions_are_chained_and_episodes_cut_at_the_limit_go_on_in_value() -> None:
    _, state, _ = collect(max_episode_steps=12)
    rows = [field.numpy()[:400] for field in state.replay.rows]
    observation, _, reward, discount, next_observation, is_boundary = rows
    ends = np.flatnonzero(is_boundary)
    lengths = np.diff([-1, *ends])
    inside = np.flatnonzero(~is_boundary)[:-1]
    assert int(state.replay.num_written) == 400 and (reward == 1).all()
    assert np.array_equal(next_observation[inside], observation[inside + 1])
    assert np.abs(observation[ends[:-1] + 1]).max() <= 0.05  # a new episode begins near zero
    assert lengths.max() == 12 and lengths.min() < 12
    fallen = np.abs(next_observation[:, 2]) > 12 * np.pi / 180
    assert np.array_equal(discount == 0, fallen) and fallen.any() and (is_boundary & ~fallen).any()


def test_transitions_do_not_depend_on_how_the_calls_are_cut() -> None:
    _, whole, _ = collect(num_iterations=60, train_steps=1)
    program, state, _ = collect(num_iterations=25, train_steps=1)
    state, _ = program.run(state, make_settings(num_iterations=35, train_steps=1))
    for one, other in zip(tf.nest.flatten(whole), tf.nest.flatten(state), strict=True):
        assert np.array_equal(one, other)


def test_random_actions_are_as_frequent_as_epsilon_says() -> None:
    actions = collect(epsilon_start=1.0)[1].replay.rows.action.numpy()[:400]
    assert actions.mean() == pytest.approx(0.5, abs=0.1)
    program, state, _ = collect(epsilon_start=0.0, epsilon_end=0.0)
    rows = state.replay.rows
    q_values = program.parts.network(rows.observation[:400])[0].numpy()
    assert np.array_equal(rows.action.numpy()[:400], q_values.argmax(1))


def test_epsilon_falls_linearly_and_stays() -> None:
    settings = make_settings(epsilon_start=1.0, epsilon_end=0.2, epsilon_first_step=50, epsilon_decay_steps=100)
    epsilons = [float(epsilon_at(tf.constant(step), settings)) for step in (0, 50, 100, 150, 1000)]
    assert epsilons == pytest.approx([1.0, 1.0, 0.6, 0.2, 0.2])


def test_losses_are_means_over_windows() -> None:
    _, state, losses = collect(num_iterations=250, train_steps=2)
    assert losses.shape == (3,) and (losses > 0).all() and int(state.num_updates) == 500
    _, _, single = collect(num_iterations=250, train_steps=2, window=1000)
    assert single[0] == pytest.approx((losses[0] * 100 + losses[1] * 100 + losses[2] * 50) / 250, rel=1e-5)


def test_a_dropped_program_leaves_no_graph_behind() -> None:
    def count_loops() -> int:
        gc.collect()
        return sum(isinstance(item, FuncGraph) and "while" in item.name for item in gc.get_objects())

    before = count_loops()
    collect(num_iterations=2, train_steps=1)
    assert count_loops() == before
