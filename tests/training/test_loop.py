"""The compiled loop: what it collects, what it tells the agent, what it logs, what stays behind.

Shapes: E environments, T steps of each.
"""

from __future__ import annotations

import dataclasses
import gc
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.func_graph import FuncGraph

from rliable.environments.cartpole import CartPole
from rliable.training.agent import Acted, OffPolicyAgent, in_bounds, random_action
from rliable.training.hyperparameters import OffPolicyHyperparameters
from rliable.training.loop import MAX_WINDOWS, Call, RunState
from rliable.training.program import Program
from rliable.training.shapes import numbers_of, shape_of
from tests.training.scripted_environment import OneStepEpisodes

SEEDS = {name: np.int32(number) for number, name in enumerate(("act", "warm_up", "reset", "replay", "update"))}


class CountingAgent(OffPolicyAgent):
    """Pushes right and left in turn, as its carry counts; sees everything doubled and remembers rewards tenfold."""

    acts_with = ("seen",)
    losses = ("loss", "progress")

    def initial_parts(self, values: Any, seed: int) -> dict[str, Any]:
        return {"seen": np.float32(0), "learned": np.float32(0)}

    def initial_carry(self, num_environments: int) -> Any:
        return np.zeros(num_environments, np.int32)

    def act(self, parts, observation, carry, numbers, clock, seed):
        return Acted(carry % 2, {}, carry + 1)

    def greedy(self, parts, observation):
        return tf.zeros(tf.shape(observation)[:1], tf.int32)

    def view(self, parts, observation):
        return observation * 2.0

    def watch(self, parts, experience, carry, numbers):
        return {**parts, "seen": parts["seen"] + tf.reduce_sum(experience.reward)}, experience.reward * 10.0, carry

    def update(self, parts, batch, numbers, clock, seed):
        learned = parts["learned"] * 0.9 + tf.reduce_sum(batch.weight * batch.observation[:, 0])
        return {**parts, "learned": learned}, {
            "loss": tf.cast(clock.num_updates, tf.float32),
            "progress": clock.progress,
        }


@dataclasses.dataclass(frozen=True)
class Training:
    """A compiled loop, and what it is told."""

    program: Program
    values: OffPolicyHyperparameters

    def start(self) -> RunState:
        return self.program.loop.initial_state(self.values, SEEDS, 5)

    def run(self, state: RunState, first: int, end: int, collect: int = 0, train: int | None = None) -> Any:
        """Iterations `first` to `end`."""
        values = self.values
        train = values.train_steps if train is None else train
        call = Call(first, end - first, collect or values.collect_steps_per_iteration, train)
        steps = {"warm_up_steps": np.int32(values.warm_up_steps * values.num_environments)}
        numbers = numbers_of(values) | steps | {"total_steps": np.int32(values.total_steps)}
        return self.program.loop.run(state, Call(*map(np.int32, call)), numbers, SEEDS)


def make_training(max_episode_steps: int = 200, **changes: Any) -> Training:
    settings = {"train_iterations": 400, "initial_collect_steps": 0, "batch_size": 16, "log_interval": 100}
    values = OffPolicyHyperparameters(**settings | changes)
    return Training(Program(CountingAgent(CartPole("test", max_episode_steps), shape_of(values)), 1), values)


def collected(num_steps: int, max_episode_steps: int = 200, **changes: Any) -> list[np.ndarray]:
    """The fields of all transitions. [T, E, …]"""
    training = make_training(max_episode_steps, train_iterations=num_steps, **changes)
    ring = training.run(training.start(), 0, num_steps, train=0)[0].memory
    num_environments = training.values.num_environments
    assert int(ring.num_written) == num_steps * num_environments
    fields = (field.numpy()[: num_steps * num_environments] for field in ring.rows)
    return [field.reshape([num_steps, num_environments, *field.shape[1:]]) for field in fields]


@pytest.mark.parametrize("num_environments", [1, 3])
def test_transitions_are_chained_and_episodes_cut_at_the_limit_are_not_terminated(num_environments: int) -> None:
    fields = collected(400, max_episode_steps=25, num_environments=num_environments)
    for row in range(num_environments):
        observation, action, reward, terminated, is_boundary, next_observation = (field[:, row] for field in fields)
        ends = np.flatnonzero(is_boundary)
        inside = np.flatnonzero(~is_boundary)[:-1]
        lengths = np.diff([-1, *ends])
        assert np.array_equal(next_observation[inside], observation[inside + 1])
        assert np.abs(observation[ends[:-1] + 1]).max() <= 2 * 0.05  # a new episode begins near zero
        assert lengths.max() == 25
        fallen = (np.abs(next_observation[:, 2]) > 2 * 12 * np.pi / 180) | (np.abs(next_observation[:, 0]) > 2 * 2.4)
        assert np.array_equal(terminated, fallen) and (is_boundary & ~fallen).any()
        assert not (terminated & ~is_boundary).any()
        counts = np.concatenate([np.arange(length) for length in lengths])
        assert np.array_equal(action[: len(counts)], counts % 2)  # the carry begins anew with each episode
        assert (reward == 10).all()


def test_an_episode_that_falls_is_terminated() -> None:
    """Without a limit in reach, each ends by its fall."""
    *_, terminated, is_boundary, _ = collected(400, max_episode_steps=10_000)
    assert terminated.any() and np.array_equal(terminated, is_boundary)


def test_environments_side_by_side_have_their_own_episodes() -> None:
    observation, *_ = collected(30, num_environments=4)
    starts = observation[0]
    assert len({tuple(row) for row in starts}) == 4
    again, *_ = collected(30, num_environments=4)
    assert np.array_equal(observation, again)


def test_later_episodes_begin_elsewhere() -> None:
    observation, *_ = collected(100, max_episode_steps=5, num_environments=2)
    starts = {tuple(row) for row in observation[::5].reshape([-1, 4])}
    assert len(starts) == 40


@pytest.mark.parametrize("cuts", [[25], [1, 2, 59], [7, 14, 21, 28], [20, 40]])
def test_bits_and_windows_do_not_depend_on_how_calls_are_cut(cuts: list[int]) -> None:
    """Also where windows of the log, of 7 iterations here, go over cuts."""
    training = make_training(max_episode_steps=9, num_environments=2, log_interval=7, train_steps_per_iteration=3)
    whole, rows = training.run(training.start(), 0, 60)
    complete = [rows["progress"][window] for window in range(60 // 7)]
    state, found = training.start(), []
    for first, end in zip([0, *cuts], [*cuts, 60], strict=True):
        state, rows = training.run(state, first, end)
        found += [rows["progress"][window] for window in range(end // 7 - first // 7)]
    assert np.array_equal(found, complete)
    for one, other in zip(tf.nest.flatten(whole), tf.nest.flatten(state), strict=True):
        assert np.array_equal(one, other)


def test_figures_are_means_over_updates_summed_over_windows() -> None:
    """Update k reports k; with 2 of them, iteration i has the mean 2 i + 0.5."""
    training = make_training(log_interval=100, train_steps_per_iteration=2)
    state, rows = training.run(training.start(), 0, 250)
    means = 2 * np.arange(250) + 0.5
    assert rows["loss"][:3].tolist() == [means[:100].sum(), means[100:200].sum(), means[200:].sum()]
    assert not rows["loss"][3:].any() and len(rows["loss"]) == MAX_WINDOWS + 1
    assert float(state.window["loss"]) == means[200:].sum() and int(state.num_updates) == 500


def test_a_call_can_fill_all_windows_of_the_log() -> None:
    training = make_training(log_interval=1)
    state, rows = training.run(training.start(), 3, 3 + MAX_WINDOWS)
    assert rows["loss"].tolist() == [*map(float, range(MAX_WINDOWS)), 0.0]
    assert float(state.window["loss"]) == 0.0


def test_progress_goes_from_nothing_to_all_of_the_training() -> None:
    training = make_training(num_environments=2, train_iterations=10, log_interval=1, initial_collect_steps=20)
    assert training.values.total_steps == 2 * (10 + 10)
    state, _ = training.run(training.start(), 0, 1, collect=training.values.warm_up_steps, train=0)
    assert int(state.interaction.num_steps) == 20
    state, rows = training.run(state, 0, 10)
    assert rows["progress"][:10] == pytest.approx([(20 + 2 * step) / 40 for step in range(1, 11)])
    assert int(state.interaction.num_steps) == training.values.total_steps


def test_what_is_seen_is_watched_once_and_as_the_environment_gave_it() -> None:
    training = make_training(num_environments=3)
    state, _ = training.run(training.start(), 0, 20)
    assert float(state.parts["seen"]) == 60.0


def test_the_warm_up_acts_at_random_and_then_the_agent_does() -> None:
    """The agent alone would push right and left in turn."""
    _, action, _, _, is_boundary, _ = collected(400, initial_collect_steps=300)
    assert action[:300].mean() == pytest.approx(0.5, abs=0.1)
    in_turn = np.flatnonzero(~is_boundary[:-1, 0])
    changes = action[in_turn, 0] != action[in_turn + 1, 0]
    assert changes[in_turn < 299].mean() == pytest.approx(0.5, abs=0.1)
    assert changes[in_turn >= 300].all()


def test_actions_in_one_are_scaled_to_the_bounds_and_cut_off_there() -> None:
    environment = OneStepEpisodes(action_low=(-1.0, 2.0), action_high=(1.0, 6.0))
    actions = tf.constant([[0.0, 0.0], [1.0, -1.0], [-0.5, 0.5], [7.0, -7.0]])
    assert in_bounds(environment, actions).numpy().tolist() == [[0.0, 4.0], [1.0, 2.0], [-0.5, 5.0], [1.0, 2.0]]
    discrete = OneStepEpisodes(num_actions=3, action_low=(), action_high=())
    assert in_bounds(discrete, tf.constant([0, 2])).numpy().tolist() == [0, 2]


def test_random_actions_are_all_equally_likely() -> None:
    continuous = random_action(OneStepEpisodes(), tf.constant([1, 2]), 4000).numpy()
    assert continuous.shape == (4000, 2) and np.abs(continuous).max() <= 1
    assert np.allclose(np.quantile(continuous, [0.25, 0.5, 0.75], axis=0), [[-0.5] * 2, [0] * 2, [0.5] * 2], atol=0.08)
    discrete = OneStepEpisodes(num_actions=3, action_low=(), action_high=())
    values, counts = np.unique(random_action(discrete, tf.constant([1, 2]), 3000), return_counts=True)
    assert values.tolist() == [0, 1, 2] and np.allclose(counts, 1000, atol=100)


def test_a_dropped_program_leaves_no_graph_behind() -> None:
    def count_loops() -> int:
        gc.collect()
        return sum(isinstance(item, FuncGraph) and "while" in item.name for item in gc.get_objects())

    before = count_loops()
    collected(2)
    assert count_loops() == before
