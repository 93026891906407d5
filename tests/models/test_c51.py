"""C51: its projection and its update against NumPy and TF-Agents, how episodes end, and what each knob does."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.agents.categorical_dqn import categorical_dqn_agent
from tf_agents.networks.categorical_q_network import CategoricalQNetwork
from tf_agents.specs import BoundedTensorSpec, TensorSpec
from tf_agents.trajectories import time_step, trajectory

from models.c51 import C51, C51Agent, C51Hyperparameters, project
from rliable.environments import load_data
from rliable.schema import Problem
from rliable.training.agent import Batch, Clock
from rliable.training.arrays import by_path
from rliable.training.shapes import numbers_of, shape_of
from tests.training.scripted_environment import OneStepEpisodes

ONE_STEP = OneStepEpisodes(num_actions=2, action_low=(), action_high=())
ATOMS = {"num_atoms": 5, "v_min": -1.0, "v_max": 3.0}


def projected(probabilities, reward, discount, v_min, v_max):
    inputs = [tf.constant(array, tf.float32) for array in (probabilities, reward, discount, v_min, v_max)]
    return tf.function(project, jit_compile=True, autograph=False)(*inputs).numpy()


def projected_by_numpy(probabilities, reward, discount, v_min, v_max):
    """The loop of Algorithm 1 of the paper."""
    found, last = np.zeros_like(probabilities), probabilities.shape[1] - 1
    delta = (v_max - v_min) / last
    for row, atom in np.ndindex(probabilities.shape):
        moved = np.clip(reward[row] + discount[row] * (v_min + atom * delta), v_min, v_max)
        place = min((moved - v_min) / delta, last)
        lower = min(int(place), last - 1)
        found[row, lower] += probabilities[row, atom] * (lower + 1 - place)
        found[row, lower + 1] += probabilities[row, atom] * (place - lower)
    return found


def random_rows(num_atoms, seed=1):
    """Distributions of 40 rows, rewards within and beyond the atoms, discounts of which some are 0."""
    random = np.random.default_rng(seed)
    discount = random.choice([0.0, 0.5, 0.9, 0.99], size=40)
    return random.dirichlet(np.ones(num_atoms), 40), random.normal(size=40) * 8, discount


@pytest.mark.parametrize(
    ("reward", "discount", "expected"),
    [
        (0.5, 1.0, [0.1, 0.25, 0.65]),  # half an atom up, cut off at the last
        (0.0, 1.0, [0.2, 0.3, 0.5]),  # nothing moves
        (1.25, 0.0, [0.0, 0.75, 0.25]),  # terminated: the reward alone
        (-9.0, 1.0, [1.0, 0.0, 0.0]),  # all below the first
        (9.0, 1.0, [0.0, 0.0, 1.0]),
        (0.5, 0.5, [0.1, 0.65, 0.25]),  # (0.5, 1, 1.5): 0.1 + 0.3 + 0.25 in the middle
    ],
)
def test_projection_by_hand(reward, discount, expected):
    assert projected([[0.2, 0.3, 0.5]], [reward], [discount], 0.0, 2.0)[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("num_atoms", "v_min", "v_max"), [(2, -1.0, 1.0), (51, -10.0, 10.0), (101, -3.0, 40.0)])
def test_projection_matches_numpy_and_tf_agents(num_atoms, v_min, v_max):
    probabilities, reward, discount = random_rows(num_atoms)
    found = projected(probabilities, reward, discount, v_min, v_max)
    assert found == pytest.approx(projected_by_numpy(probabilities, reward, discount, v_min, v_max), abs=1e-5)
    atoms = np.linspace(v_min, v_max, num_atoms)
    moved = tf.constant(reward[:, None] + discount[:, None] * atoms, tf.float32)
    theirs = categorical_dqn_agent.project_distribution(
        moved, tf.constant(probabilities, tf.float32), tf.constant(atoms, tf.float32)
    )
    assert found == pytest.approx(theirs.numpy(), abs=1e-5)
    assert found.sum(1) == pytest.approx(np.ones(40), abs=1e-5)


def make_case(**hp_params):
    """An agent, its parts (the target is elsewhere than the network), and its numbers."""
    params = {"fc_layer_params": [32], "batch_size": 12, "learning_rate": 0.02, "adam_epsilon": 0.01} | ATOMS
    values = C51Hyperparameters(**({"train_iterations": 10} | params | hp_params))
    environment = dataclasses.replace(ONE_STEP, observation_size=3)
    agent = C51Agent(environment, shape_of(values))
    parts = agent.initial_parts(values, seed=3)
    parts["q_target"] = agent.initial_parts(values, seed=4)["q"]
    return agent, parts, numbers_of(values)


def make_batch(seed=1):
    """A batch of 12 that is filled up to 16, with terminated and n-step rows."""
    random = np.random.default_rng(seed)
    observation, next_observation = random.normal(size=(2, 16, 3)).astype(np.float32) * 3
    reward = random.normal(size=16).astype(np.float32)
    discount = random.choice([0.0, 0.9, 0.81], size=16).astype(np.float32)
    weight = np.where(np.arange(16) < 12, 1 / 12, 0).astype(np.float32)
    action = random.integers(2, size=16).astype(np.int32)
    return Batch(observation, action, reward, discount, next_observation, weight)


def update(agent, parts, batch, numbers, count=0):
    """The update number `count`, as arrays."""

    def compute(parts, batch, numbers, count):
        clock = Clock(count, count, tf.constant(0.0))
        return agent.update(parts, batch, SimpleNamespace(gradient_clipping=None, **numbers), clock, None)

    compiled = tf.function(compute, jit_compile=True, autograph=False)
    inputs = tf.nest.map_structure(tf.constant, (parts, batch, numbers, np.int32(count)))
    return tf.nest.map_structure(np.asarray, compiled(*inputs))


def forward(q, observation):
    """Hidden units [B, H] and the probabilities of the atoms [B, A, N]."""
    hidden = np.maximum(observation @ q["layer_0"]["kernel"] + q["layer_0"]["bias"], 0)
    logits = (hidden @ q["layer_1"]["kernel"] + q["layer_1"]["bias"]).reshape(len(hidden), 2, 5)
    powers = np.exp(logits - logits.max(2, keepdims=True))
    return hidden, powers / powers.sum(2, keepdims=True)


def loss_and_gradient(q, q_target, batch, double):
    """The cross-entropy of Algorithm 1 and its gradient, from the definitions, float64."""
    rows, atoms = np.arange(16), np.linspace(ATOMS["v_min"], ATOMS["v_max"], 5)
    next_target = forward(q_target, batch.next_observation)[1]
    chooser = forward(q, batch.next_observation)[1] if double else next_target
    next_probabilities = next_target[rows, (chooser @ atoms).argmax(1)]
    target = projected_by_numpy(next_probabilities, batch.reward, batch.discount, ATOMS["v_min"], ATOMS["v_max"])
    hidden, probabilities = forward(q, batch.observation)
    taken = probabilities[rows, batch.action.astype(int)]
    loss = -np.sum(batch.weight[:, None] * target * np.log(taken))
    slope = np.zeros_like(probabilities)
    slope[rows, batch.action.astype(int)] = batch.weight[:, None] * (taken - target)
    slope = slope.reshape(16, 10)
    hidden_slope = slope @ q["layer_1"]["kernel"].T * (hidden > 0)
    first = {"kernel": batch.observation.T @ hidden_slope, "bias": hidden_slope.sum(0)}
    return loss, {"layer_0": first, "layer_1": {"kernel": hidden.T @ slope, "bias": slope.sum(0)}}


@pytest.mark.parametrize("double", [False, True])
def test_two_updates_match_numpy(double):
    agent, parts, numbers = make_case(double=double, target_update_period=2, target_update_tau=0.25)
    q, q_target = (tf.nest.map_structure(np.float64, parts[name]) for name in ("q", "q_target"))
    first = second = tf.nest.map_structure(np.zeros_like, q)
    for step in (1, 2):
        batch = make_batch(seed=step)
        loss, gradient = loss_and_gradient(q, q_target, Batch(*map(np.float64, batch)), double)
        first = tf.nest.map_structure(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = tf.nest.map_structure(lambda v, g: 0.999 * v + 0.001 * g**2, second, gradient)
        rate, scale = 0.02 / (1 - 0.9**step), 1 / (1 - 0.999**step)
        q = tf.nest.map_structure(
            lambda w, m, v, rate=rate, scale=scale: w - rate * m / (np.sqrt(v * scale) + 0.01), q, first, second
        )
        if step == 2:
            q_target = tf.nest.map_structure(lambda old, new: 0.75 * old + 0.25 * new, q_target, q)
        parts, figures = update(agent, parts, batch, numbers, step - 1)
        assert figures["loss"] == pytest.approx(loss, rel=1e-5)
        for found, expected in ((parts["q"], q), (parts["q_target"], q_target)):
            tf.nest.map_structure(
                lambda one, other: np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-6), found, expected
            )


def tf_agents_loss(parts, batch):
    """The loss of TF-Agents' agent for a batch whose discounts it can make from gamma = 0.9: 0.9 and 0."""
    observations, actions = TensorSpec([3], tf.float32), BoundedTensorSpec([], tf.int32, 0, 1)
    specs = time_step.time_step_spec(observations)
    networks = [CategoricalQNetwork(observations, actions, 5, fc_layer_params=[32]) for _ in range(2)]
    theirs = categorical_dqn_agent.CategoricalDqnAgent(
        specs, actions, networks[0], None, target_categorical_q_network=networks[1], min_q_value=-1, max_q_value=3,
        gamma=0.9,
    )  # fmt: skip
    theirs.initialize()
    for network, name in zip(networks, ("q", "q_target"), strict=True):
        layers = (parts[name]["layer_0"], parts[name]["layer_1"])
        network.set_weights([array for layer in layers for array in (layer["kernel"], layer["bias"])])
    steps = np.full([len(batch.reward), 2], 1, np.int32)
    pair = [np.stack([field, field], 1) for field in (batch.action, batch.reward, np.float32(batch.discount > 0))]
    seen = np.stack([batch.observation, batch.next_observation], 1)
    experience = trajectory.Trajectory(steps, seen, pair[0], (), steps, pair[1], pair[2])
    return float(theirs._loss(tf.nest.map_structure(tf.constant, experience), gamma=0.9).loss)


def test_loss_is_that_of_tf_agents_for_single_steps():
    agent, parts, numbers = make_case(batch_size=16)
    batch = make_batch()
    batch = batch._replace(discount=np.where(batch.discount > 0, 0.9, 0).astype(np.float32))
    batch = batch._replace(weight=np.full(16, 1 / 16, np.float32))
    assert update(agent, parts, batch, numbers)[1]["loss"] == pytest.approx(tf_agents_loss(parts, batch), rel=1e-5)


def test_each_row_counts_as_much_as_its_weight():
    agent, parts, numbers = make_case()
    batch = make_batch()
    single = [
        update(agent, parts, batch._replace(weight=np.eye(16, dtype=np.float32)[row]), numbers)[1]["loss"]
        for row in (0, 1)
    ]
    assert single[0] != pytest.approx(single[1], rel=1e-3)
    weight = np.array([0.3, 0.7] + [0.0] * 14, np.float32)
    both = update(agent, parts, batch._replace(weight=weight), numbers)[1]["loss"]
    assert both == pytest.approx(0.3 * single[0] + 0.7 * single[1], rel=1e-5)


@pytest.mark.parametrize("n_step", [1, 3])
def test_only_cut_episodes_are_bootstrapped_and_returns_of_many_steps_end_with_them(n_step):
    params = {"train_iterations": 600, "initial_collect_steps": 100, "batch_size": 16, "fc_layer_params": [32]}
    params |= {"learning_rate": 0.01, "target_update_period": 1, "target_update_tau": 0.1, "gamma": 0.5}
    params |= {"num_atoms": 9, "v_min": 0.0, "v_max": 4.0, "n_step": n_step, "eval_interval": 600}
    cfg = {"environment": ONE_STEP.name, "mdl_file": "", "hp_params": params | {"num_eval_episodes": 1}, "seed": 4}
    model = C51(None, cfg)
    model.train(ONE_STEP)
    agent = model._run.program(ONE_STEP).agent
    values = 0.5 * agent.q_values(model._run.parts["q"], tf.constant([[1.0], [0.0]])).numpy()  # atoms are 0.5 apart
    assert values == pytest.approx(np.array([[1.0, 1.0], [2.0, 2.0]]), abs=0.1)


SMALL = {"train_iterations": 60, "collect_steps_per_iteration": 4, "batch_size": 16, "fc_layer_params": [12]}
SMALL |= {"initial_collect_steps": 60, "replay_buffer_max_length": 500, "eval_interval": 60, "num_eval_episodes": 2}
SMALL |= {"target_update_period": 30, "learning_rate": 0.01, "epsilon_decay_steps": 200, "num_atoms": 11}


def trained_c51(folder, **hp_params):
    cfg = {"class": "C51", "environment": "CartPole-v1", "mdl_file": str(folder), "hp_params": SMALL | hp_params}
    model = C51(None, cfg | {"seed": 5})
    model.train(load_data("CartPole-v1"))
    return model


def weights(model):
    return {path: array.tobytes() for path, array in by_path(model._run.parts["q"]).items()}


CHANGES = {
    "train_iterations": 59,
    "collect_steps_per_iteration": 3,
    "num_environments": 2,
    "learning_rate": 1e-3,
    "learning_rate_end": 0.0,
    "adam_epsilon": 1e-3,
    "gradient_clipping": 0.05,
    "gamma": 0.5,
    "fc_layer_params": [12, 6],
    "activation": "tanh",
    "train_steps_per_iteration": 2,
    "initial_collect_steps": 50,
    "replay_buffer_max_length": 90,
    "batch_size": 8,
    "n_step": 3,
    "target_update_period": 3,
    "target_update_tau": 0.5,
    "double": True,
    "epsilon_start": 0.2,
    "epsilon_end": 0.9,
    "epsilon_decay_steps": 50,
    "num_atoms": 12,
    "v_min": -9.0,
    "v_max": 9.0,
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_hyperparameter_changes_what_is_learned(tmp_path, name):
    assert weights(trained_c51(tmp_path, **{name: CHANGES[name]})) != weights(trained_c51(tmp_path))


def test_width_of_the_one_hidden_layer_counts_where_no_other_is_set(tmp_path):
    alone = {"fc_layer_params": None, "qnet_fc_hidden_size": 12}
    assert weights(trained_c51(tmp_path, **alone)) == weights(trained_c51(tmp_path))
    assert weights(trained_c51(tmp_path, **alone | {"qnet_fc_hidden_size": 13})) != weights(trained_c51(tmp_path))


def test_no_other_hyperparameter_is_there():
    silent = {"num_eval_episodes", "num_test_episodes", "eval_interval", "log_interval", "checkpoint_interval_steps"}
    silent |= {"env_workers", "env_step_timeout_seconds", "network", "device"}  # of environments on the host, of images
    names = {field.name for field in dataclasses.fields(C51Hyperparameters)}
    assert names == {*CHANGES, "qnet_fc_hidden_size"} | silent


def test_other_bounds_of_the_atoms_compile_nothing(tmp_path):
    model = trained_c51(tmp_path)
    program = model._run.program(model._run.environment)
    other = trained_c51(tmp_path, v_min=-3.0, v_max=50.0)
    assert other._run.program(other._run.environment) is program
    assert program.loop._run.experimental_get_tracing_count() == 1


def test_first_atom_must_be_below_the_last():
    assert C51Hyperparameters(train_iterations=1).problems() == []
    wrong = C51Hyperparameters(train_iterations=1, v_min=3.0, v_max=3.0)
    assert wrong.problems() == [
        Problem("v_min", "3 is not below v_max 3; set them to the lowest and the highest return")
    ]


def test_an_environment_with_continuous_actions_is_refused():
    assert C51.environment_problem(load_data("CartPole-v1")) is None
    assert "needs discrete actions" in C51.environment_problem(load_data("Pendulum-v1"))
