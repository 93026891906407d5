"""The learning rate of the moment."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from models.dqn import DQN, DQNHyperparameters
from rliable.environments import load_data
from rliable.seeding import derive_seed
from rliable.training.networks.dense import initial_mlp
from rliable.training.optimizer import learning_rates_at
from rliable.training.shapes import numbers_of, shape_of


def test_learning_rate_falls_linearly_where_an_end_is_set():
    numbers = SimpleNamespace(learning_rate=tf.constant(0.4), learning_rate_end=tf.constant(0.1))
    rates = [learning_rates_at(tf.constant(progress), numbers) for progress in (0.0, 0.5, 1.0)]
    assert [set(named) for named in rates] == [{"learning_rate"}] * 3
    assert [float(named["learning_rate"]) for named in rates] == pytest.approx([0.4, 0.25, 0.1])
    assert learning_rates_at(tf.constant(0.5), SimpleNamespace(learning_rate_end=None)) == {}


def test_an_actors_own_learning_rate_falls_in_the_same_proportion():
    numbers = SimpleNamespace(learning_rate=tf.constant(0.4), learning_rate_end=tf.constant(0.1))
    numbers.actor_learning_rate = tf.constant(2.0)
    rates = [learning_rates_at(tf.constant(progress), numbers) for progress in (0.0, 0.5, 1.0)]
    assert [float(named["actor_learning_rate"]) for named in rates] == pytest.approx([2.0, 1.25, 0.5])
    numbers.actor_learning_rate = None
    assert set(learning_rates_at(tf.constant(0.5), numbers)) == {"learning_rate"}


def test_only_whether_there_is_an_end_is_compiled_in():
    constant, low, high = (DQNHyperparameters(train_iterations=1, learning_rate_end=end) for end in (None, 0.0, 1e-3))
    assert shape_of(low) == shape_of(high) != shape_of(constant)
    assert numbers_of(high)["learning_rate_end"] == np.float32(1e-3)


def test_agents_take_the_smaller_steps(tmp_path):
    distances = [distance(tmp_path, end) for end in (None, 0.0)]
    assert 0.3 < distances[1] / distances[0] < 0.7


def distance(folder, end):
    """How far the biases of Q go, in steps of nearly the learning rate, as all rewards are far above Q."""
    params = {"train_iterations": 400, "initial_collect_steps": 0, "learning_rate": 1e-5, "learning_rate_end": end}
    params |= {"fc_layer_params": [12], "batch_size": 16, "eval_interval": 400, "num_eval_episodes": 1, "gamma": 0.0}
    cfg = {"class": "DQN", "environment": "CartPole-v1", "mdl_file": str(folder), "hp_params": params, "seed": 5}
    model = DQN(None, cfg)
    model.train(load_data("CartPole-v1"))
    bias = model._run.parts["q"]["layer_1"]["bias"]
    first = initial_mlp((4, 12, 2), derive_seed(derive_seed(5, "weights"), "q"))["layer_1"]["bias"]
    return float(np.abs(bias - first).mean())
