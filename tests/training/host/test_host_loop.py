"""The host loop against the loop inside the graph: the same agent in the same environment learns the same."""

import dataclasses

import gymnasium
import numpy as np
import pytest
import tensorflow as tf

from rliable.environments.host import HostEnvironment
from rliable.environments.pendulum import Pendulum
from rliable.environments.random_numbers import standard
from rliable.registry import MODELS
from rliable.schema import check_record
from rliable.training.agent import Clock, OnPolicyAgent
from rliable.training.arrays import by_path
from rliable.training.host.functions import HostFunction
from rliable.training.run import Run
from rliable.unit import Answer
from tests.models.quick_agents import NAMES, ON_HOST, make_agent, train

QUICK = {"train_iterations": 3, "collect_steps_per_iteration": 16, "num_environments": 2, "batch_size": 16}
ON_POLICY = [name for name in NAMES if issubclass(MODELS.load(name).agent, OnPolicyAgent)]


@dataclasses.dataclass(frozen=True)
class HangingDown(Pendulum):
    """Pendulum whose episodes all begin alike, and are short."""

    max_episode_steps: int = 7

    def initial_states(self, seeds):
        return np.tile([3.0, 0.5], (len(seeds), 1))

    def reset(self, seed, num_episodes):
        return tf.tile(tf.constant([[3.0, 0.5]], tf.float64), [num_episodes, 1])


class OnHost(gymnasium.Env):
    """The same with Gymnasium's interface."""

    inside = HangingDown()
    observation_space = gymnasium.spaces.Box(-10, 10, [3], np.float32)
    action_space = gymnasium.spaces.Box(-2, 2, [1], np.float32)

    def reset(self, *, seed=None, options=None):
        self.num_steps, self.state = 0, self.inside.initial_states([0])
        return self.inside.observe(self.state)[0].numpy(), {}

    def step(self, action):
        self.num_steps += 1
        self.state, reward, terminated = self.inside.step(tf.constant(self.state), action[None])
        shown = self.inside.observe(self.state)[0].numpy()
        return shown, float(reward[0]), bool(terminated[0]), self.num_steps == self.inside.max_episode_steps, {}


def trained(name, environment, **hp_params):
    """A run of an agent, trained a little."""
    model_class = MODELS.load(name)
    values, problems = check_record(model_class.hyperparameters, QUICK | hp_params)
    assert problems == []
    run, rows = Run(model_class.agent, environment, values, seed=3, num_rows=5), []
    run.train(lambda step, **figures: rows.append((step, figures)), environment)
    return run, rows


@pytest.mark.parametrize("is_normalised", [False, True])
@pytest.mark.parametrize("name", ON_POLICY)
def test_agents_that_learn_from_rollouts_learn_on_the_host_what_they_learn_inside_the_graph(name, is_normalised):
    options = {"normalize_observations": is_normalised, "normalize_rewards": is_normalised}
    inside, inside_rows = trained(name, HangingDown(), **options)
    outside, outside_rows = trained(name, HostEnvironment("OnHost", OnHost, {}), **options)
    parts = by_path(outside.parts)
    for path, array in by_path(inside.parts).items():
        np.testing.assert_allclose(parts[path], array, rtol=2e-3, atol=2e-4, err_msg=path)
    for (step, figures), (other_step, others) in zip(inside_rows, outside_rows, strict=True):
        assert step == other_step
        assert figures == pytest.approx(others, rel=5e-3, abs=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_agents_act_by_numpy_as_they_act_by_tensorflow(name, tmp_path):
    """Random numbers included, at every step of a short training."""
    model = train(make_agent(name + ON_HOST, tmp_path, train_iterations=2))
    program = model._run.program(model._run.environment).loop._program
    assert program.choose.is_interpreted and program.watch.is_interpreted
    vectors, numbers = program.packing.pack(model._run.parts), model._run._numbers()
    size, draws = model._run.environment.observation_size, program.drawn.blocks(model._run._seeds)
    for step in (0, 1, 600, 601):
        shown = np.random.default_rng(step).normal(size=(2, size)).astype(np.float32)
        carry, clock = program.agent.initial_carry(2), Clock(np.int32(2 * step), np.int32(1), np.float32(0.5))
        arguments = (vectors, numbers, shown, carry, clock, draws.at(step))
        program.choose.bind(vectors, numbers)
        found = program.choose.call(*arguments[2:])
        wanted = program._choose(*tf.nest.map_structure(tf.constant, arguments))
        for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(wanted), strict=True):
            np.testing.assert_allclose(one, other.numpy(), rtol=1e-4, atol=1e-5)


def test_random_numbers_drawn_ahead_are_those_of_the_graph(tmp_path):
    model = train(make_agent("SAC" + ON_HOST, tmp_path, train_iterations=2))
    loop = model._run.program(model._run.environment).loop
    draws = loop._program.drawn
    in_graph = tf.function(standard, jit_compile=True)
    for step in (0, 511, 512, 1500):
        for draw, numbers in zip(draws._draws, draws.blocks(model._run._seeds).at(step), strict=True):
            seed = tf.constant([model._run._seeds[draw.stream], 2 * step])
            assert np.array_equal(numbers, in_graph(draw.kind, seed, draw.shape, draw.dtype, draw.draw).numpy())


def test_slices_shapes_and_parts_that_depend_on_numbers_are_computed_at_each_call():
    def compute(array, start):
        left, right = tf.split(array, 2)
        end = tf.reshape(array, tf.stack([start, -1]))
        return {"part": array[start : start + 2], "parts": left - right, "rows": end, "last": array[-1]}

    array = np.arange(6, dtype=np.float32)
    function = HostFunction(compute, [], [array, np.int32(0)])
    assert function.is_interpreted
    for start in (1, 2):
        found, wanted = function.call(array, np.int32(start)), compute(tf.constant(array), start)
        assert all(np.array_equal(found[name], wanted[name].numpy()) for name in wanted)


def test_what_numpy_cannot_do_is_compiled():
    kernel = np.random.default_rng(0).normal(size=(2, 2, 1, 3)).astype(np.float32)
    image = np.ones((1, 5, 5, 1), np.float32)
    function = HostFunction(lambda kernel, image: {"y": tf.nn.conv2d(image, kernel, 1, "VALID")}, [kernel], [image])
    function.bind(kernel)
    assert not function.is_interpreted
    np.testing.assert_allclose(function.call(image)["y"], tf.nn.conv2d(image, kernel, 1, "VALID"), rtol=1e-5)


def test_two_runs_of_one_shape_take_turns_without_a_trace(tmp_path):
    alone = train(make_agent(NAMES[0] + ON_HOST, tmp_path))
    rows = []
    first, second = make_agent(NAMES[0] + ON_HOST, tmp_path), make_agent(NAMES[0] + ON_HOST, tmp_path, seed=9)

    def look(row):
        rows.append(row)
        if len(rows) == 3:
            train(second)
        return Answer.GO_ON

    first.on_report = look
    train(first)
    assert first.learning_curve == alone.learning_curve
    assert second.learning_curve != alone.learning_curve
