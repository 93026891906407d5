"""The replay on the host against the one inside the graph: the same transitions give the same batches."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from rliable.environments import load_data
from rliable.training.agent import Experience
from rliable.training.host.memories import UPDATES_AHEAD, Columns, HostReplay, HostRing
from rliable.training.replay import Transitions, append, empty_ring, n_step_batch


def experience_of(generator, environment, number):
    """A step in each of some environments."""
    discrete = bool(environment.num_actions)
    actions = generator.integers(environment.num_actions, size=number).astype(np.int32) if discrete else None
    if actions is None:
        actions = generator.normal(size=(number, len(environment.action_low))).astype(np.float32)
    terminated = generator.random(number) < 0.2
    observations = generator.normal(size=(2, number, environment.observation_size)).astype(np.float32)
    rewards = generator.normal(size=number).astype(np.float32)
    boundary = terminated | (generator.random(number) < 0.2)
    return Experience(observations[0], actions, rewards, terminated, boundary, observations[1], {})


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["CartPole-v1", "Pendulum-v1"]),
    st.integers(1, 3),
    st.integers(1, 12),
    st.integers(1, 4),
    st.integers(0, 10**6),
)
def test_batches_are_those_of_the_ring_inside_the_graph(name, num_environments, num_writes, num_steps, seed):
    generator, environment, length = np.random.default_rng(seed), load_data(name), 7
    host, inside = HostRing(Columns(environment), length), empty_ring(environment, 8, length)
    inside = tf.nest.map_structure(tf.constant, inside)
    for _ in range(num_writes):
        experience = experience_of(generator, environment, num_environments)
        host.append(experience)
        inside = append(inside, Transitions(*experience[:-1]))
    size = min(length, num_writes * num_environments)
    ages, gamma = generator.integers(size, size=(2, 5)), np.float32(0.9)
    words = -(-(ages << 32) // size)  # the smallest that choose these
    (rows,) = host.sample(words, num_environments, num_steps, gamma)
    first = tf.constant(host.num_written - size + ages.reshape(-1), tf.int32)
    weight = tf.ones(10)
    wanted = n_step_batch(inside, first, weight, num_environments, tf.constant(num_steps), tf.constant(gamma))
    found = host.columns.batch(tf.constant(rows.reshape(10, -1)), weight, [])
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_a_ring_that_is_restored_goes_on_where_it_was():
    generator, environment = np.random.default_rng(0), load_data("CartPole-v1")
    whole, rest = HostRing(Columns(environment), 9), HostRing(Columns(environment), 9)
    steps = [experience_of(generator, environment, 2) for _ in range(8)]
    for step in steps[:3]:
        whole.append(step)
    rest.restore({name: array.copy() for name, array in whole.to_arrays().items()})
    for step in steps[3:]:
        whole.append(step)
        rest.append(step)
    assert whole.num_written == rest.num_written
    assert np.array_equal(whole.rows, rest.rows) and np.array_equal(whole.is_boundary, rest.is_boundary)


def test_draws_are_uniform_and_follow_from_the_seed_and_the_count_alone():
    agent = SimpleNamespace(
        environment=load_data("CartPole-v1"), shape=SimpleNamespace(num_environments=1, batch_size=64)
    )
    memory, ring = HostReplay(agent), HostRing(Columns(agent.environment), 10)
    for index in range(10):
        step = experience_of(np.random.default_rng(index), agent.environment, 1)
        ring.append(step._replace(reward=np.array([index], np.float32)))
    numbers = {"batch_size": 64, "n_step": 1, "gamma": np.float32(0.9)}
    starts = range(0, 2 * UPDATES_AHEAD, 3)
    lessons = [memory.lesson(ring, count, 3, numbers, seed=3)[0][..., memory.columns.reward] for count in starts]
    counts = np.bincount(np.array(lessons)[:, :3].astype(int).ravel(), minlength=10) / (len(starts) * 3 * 64)
    assert counts == pytest.approx(0.1, abs=0.01)
    assert len({lesson.tobytes() for lesson in lessons}) == len(starts)
    again = memory.lesson(ring, starts[90], 3, numbers, seed=3)[0][..., memory.columns.reward]
    assert np.array_equal(lessons[90], again)
