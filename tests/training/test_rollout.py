"""The memory of on-policy agents: what it collects, and in which portions it is learned from."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from models.ppo import PPO
from rliable.schema import check_record
from rliable.training.agent import Clock
from rliable.training.hyperparameters import OnPolicyHyperparameters, nearest_divisors
from rliable.training.loop import Call, Loop
from rliable.training.rollout import Rollout, random_order
from tests.models.formulas import make_agent_for
from tests.training.scripted_environment import Corridor

SEEDS = {name: np.int32(number) for number, name in enumerate(("act", "warm_up", "reset", "replay", "update"))}


class Recorder(PPO.agent):
    """Learns nothing, but keeps in the parts which rows it was given, and how far the run was."""

    losses = ("number",)

    def prepare(self, parts, rollout, numbers):
        return tf.reshape(tf.range(self.num_rows), rollout.reward.shape)

    def update(self, parts, batch, numbers, clock, seed):
        row = [[clock.num_updates]]
        given = tf.tensor_scatter_nd_update(parts["given"], row, batch[None])
        progress = tf.tensor_scatter_nd_update(parts["progress"], row, [clock.progress])
        return {"given": given, "progress": progress}, {"number": tf.cast(clock.num_updates, tf.float32)}


def learn(num_updates: int, batch_size: int | None, num_epochs: int = 2):
    """Learns from a rollout of 4 steps in 3 environments, after 24 of 120 steps and 5 updates."""
    agent, values, numbers = make_agent_for(
        PPO,
        Corridor(),
        collect_steps_per_iteration=4,
        num_environments=3,
        batch_size=batch_size,
        num_epochs=num_epochs,
    )
    agent = Recorder(agent.environment, tuple(vars(agent.shape).items()))
    rollout, clock = Rollout(agent), Clock(tf.constant(24), tf.constant(5), tf.constant(24 / 120))
    rows = batch_size or 12
    parts = {"given": tf.fill([5 + num_updates, rows], -1), "progress": tf.zeros([5 + num_updates])}
    seeds = SimpleNamespace(**SEEDS)
    clock = rollout.clock_of_updates(clock, numbers)
    return rollout.learn(rollout.empty(values), parts, clock, None, numbers, seeds)[1:]


def test_each_epoch_learns_from_every_row_once_in_an_order_of_its_own() -> None:
    parts, count, figures = learn(num_updates=6, batch_size=4)
    epochs = parts["given"].numpy()[5:].reshape(2, 12)
    assert int(count) == 11 and float(figures["number"]) == pytest.approx(np.mean(range(5, 11)))
    assert [sorted(epoch) for epoch in epochs.tolist()] == [list(range(12))] * 2
    assert epochs[0].tolist() != epochs[1].tolist() and epochs[0].tolist() != list(range(12))


def test_without_a_batch_size_each_update_learns_from_the_whole_rollout() -> None:
    parts, count, _ = learn(num_updates=3, batch_size=None, num_epochs=3)
    assert int(count) == 8
    assert parts["given"].numpy()[5:].tolist() == [list(range(12))] * 3


def test_schedules_stand_where_the_rollout_began() -> None:
    assert learn(2, None)[0]["progress"].numpy()[5:] == pytest.approx([12 / 120] * 2)


def test_all_orders_are_equally_likely() -> None:
    orders = [random_order(tf.constant([7, count]), 3).numpy().tolist() for count in range(1200)]
    counts = [sum(order == list(other) for order in orders) for other in ((0, 1, 2), (2, 1, 0), (1, 2, 0))]
    assert all(150 < count < 250 for count in counts)


def test_steps_are_remembered_in_their_order_with_the_ends_of_episodes() -> None:
    agent, values, numbers = make_agent_for(
        PPO, Corridor(max_episode_steps=3), collect_steps_per_iteration=5, num_environments=2, batch_size=None
    )
    loop = Loop(agent, Rollout(agent))
    call = Call(*map(np.int32, (0, 1, 5, 0)))
    inputs = {name: tf.constant(value) for name, value in vars(numbers).items() if value is not None}
    state, _ = loop.run(loop.initial_state(values, SEEDS, 1), call, inputs, SEEDS)
    rollout = state.memory
    assert np.allclose(rollout.observation[:, 0, 0], [0.0, 0.1, 0.2, 0.0, 0.1])
    assert np.allclose(rollout.next_observation[:, 1, 0], [0.1, 0.2, 0.3, 0.1, 0.2])
    assert rollout.reward[:, 0].numpy().tolist() == [1, 2, 3, 1, 2]
    assert rollout.is_boundary[:, 0].numpy().tolist() == [False, False, True, False, False]
    assert not rollout.terminated.numpy().any()


@pytest.mark.parametrize(
    ("batch_size", "cure"), [(48, "32 or 64 would"), (300, "256 would"), (2**7 + 1, "128 or 256 would")]
)
def test_a_minibatch_divides_the_rollout(batch_size: int, cure: str) -> None:
    data = {"train_iterations": 1, "collect_steps_per_iteration": 32, "num_environments": 8, "batch_size": batch_size}
    line = f"hp_params.batch_size: {batch_size} does not divide the rollout of 32 x 8 = 256 steps; {cure}"
    assert [str(found) for found in check_record(OnPolicyHyperparameters, data, "hp_params")[1]] == [
        f"{line}, and null takes all"
    ]
    assert check_record(OnPolicyHyperparameters, data | {"batch_size": 64})[1] == []


def test_nearest_divisors() -> None:
    assert nearest_divisors(12, 5) == [4, 6]
    assert nearest_divisors(7, 3) == [1, 7]
    assert nearest_divisors(1024 * 999_983, 3000) == [1024, 999_983]
