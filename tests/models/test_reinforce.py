"""REINFORCE: its update against the paper's formulas, which steps count, and that every knob counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from tf_agents.agents.reinforce import reinforce_agent
from tf_agents.networks import actor_distribution_network, value_network

from models.reinforce import REINFORCE, REINFORCEBatch
from rliable.training.agent import Clock
from rliable.training.loop import Call, Loop
from rliable.training.policy import action_spec, time_step_spec
from rliable.training.rollout import Rollout
from tests.models.formulas import assert_close, log_softmax, make_agent_for, move
from tests.models.on_policy_models import SHARED_KNOBS, learned, trained
from tests.models.updates import clipped, doubles, network, slopes
from tests.training.scripted_environment import Corridor, continuous_corridor

SEEDS = {name: np.int32(number) for number, name in enumerate(("act", "warm_up", "reset", "replay", "update"))}
CLOCK = Clock(tf.constant(0), tf.constant(0), tf.constant(0.5))
RANDOM = np.random.default_rng(2)


def case(environment: Corridor, **hp_params):
    """An agent with weights far from their beginning, and 16 rows of which the last 5 do not count."""
    agent, values, numbers = make_agent_for(REINFORCE, environment, **({"fc_layer_params": [6]} | hp_params))
    parts = agent.initial_parts(values, 3)
    parts["networks"] = tf.nest.map_structure(
        lambda array: array + np.float32(0.3) * RANDOM.normal(size=array.shape).astype(np.float32), parts["networks"]
    )
    observation, sums = RANDOM.normal(size=(16, 1)).astype(np.float32), RANDOM.normal(size=16).astype(np.float32)
    action = agent.policy(parts["networks"], observation).sample(tf.constant([1, 2]))
    return agent, numbers, parts, REINFORCEBatch(observation, action, sums, np.arange(16) < 11)


def compiled_update(agent, numbers):
    """The agent's update of its parts by a batch."""
    return tf.function(
        lambda parts, batch: agent.update(parts, batch, numbers, CLOCK, tf.constant([1, 1])),
        jit_compile=True,
        autograph=False,
    )


def loss_by_formula(networks, rows: REINFORCEBatch, numbers, baseline: np.ndarray, normalises: bool) -> float:
    """The mean over the steps that count, which are the first 11, with a baseline that the policy takes as given."""
    outputs = network(networks["policy"], rows.observation, "tanh")
    if "log_std" in networks:
        std = np.exp(networks["log_std"])
        logarithm = (-0.5 * ((rows.action - outputs) / std) ** 2 - np.log(std * np.sqrt(2 * np.pi))).sum(1)
        entropy = np.full(16, np.log(std * np.sqrt(2 * np.pi * np.e)).sum())
    else:
        logarithms = log_softmax(outputs)
        logarithm = logarithms[np.arange(16), rows.action.astype(int)]
        entropy = -(np.exp(logarithms) * logarithms).sum(1)
    advantage = (rows.episode_return - baseline)[:11]
    if normalises:
        advantage = (advantage - advantage.mean()) / advantage.std()
    value = network(networks["value"], rows.observation, "tanh")[:, 0]
    error = ((value - rows.episode_return) ** 2)[:11].mean()
    policy_loss = -(advantage * logarithm[:11]).mean()
    return policy_loss + numbers.value_loss_weight * error - numbers.entropy_weight * entropy[:11].mean()


@pytest.mark.parametrize("normalises", [True, False])
@pytest.mark.parametrize("environment", [Corridor(), continuous_corridor(2)])
def test_two_updates_match_the_formulas(environment: Corridor, normalises: bool) -> None:
    """TF-Agents' mean and deviation, by which it normalises, count the rows that do not count."""
    knobs = {"learning_rate": 0.01, "entropy_weight": 0.05, "gradient_clipping": 0.4}
    agent, numbers, parts, batch = case(environment, normalize_advantage=normalises, **knobs)
    networks, rows = doubles(parts["networks"]), REINFORCEBatch(*(np.asarray(field, np.float64) for field in batch))
    update, moments = compiled_update(agent, numbers), []
    for step in (1, 2):
        baseline = network(networks["value"], rows.observation, "tanh")[:, 0]

        def loss(networks, baseline=baseline) -> float:
            return loss_by_formula(networks, rows, numbers, baseline, normalises)

        expected = loss(networks)
        move(networks, clipped(slopes(loss, networks), 0.4), moments, step, rate=0.01, epsilon=1e-5)
        parts, figures = update(parts, batch)
        assert float(figures["loss"]) == pytest.approx(expected, rel=1e-4)
        assert float(figures["share_of_steps"]) == pytest.approx(11 / 16)
        assert_close(parts["networks"], networks)


def test_the_loss_is_that_of_tf_agents_but_for_the_number_that_it_is_divided_by() -> None:
    agent, numbers, parts, batch = case(
        Corridor(), normalize_advantage=False, entropy_weight=0.05, fc_layer_params=[32]
    )
    steps, actions = time_step_spec(Corridor()), action_spec(Corridor())
    theirs = reinforce_agent.ReinforceAgent(
        steps,
        actions,
        actor_distribution_network.ActorDistributionNetwork(steps.observation, actions, fc_layer_params=(32,)),
        tf.compat.v1.train.AdamOptimizer(),
        value_network=value_network.ValueNetwork(steps.observation, fc_layer_params=(32,)),
        entropy_regularization=0.05,
        value_estimation_loss_coef=1.0,
        normalize_returns=False,
    )
    networks = parts["networks"]
    distribution = tfp.distributions.Categorical(agent.policy(networks, batch.observation).logits[None])
    value = agent.value(networks, batch.observation)
    counts = tf.cast(batch.counts, tf.float32)[None]
    no = tf.zeros([1, 16], tf.bool)
    advantage = (tf.constant(batch.episode_return) - value)[None]
    policy_loss = theirs.policy_gradient_loss(distribution, batch.action[None], no, advantage, 1, counts)
    entropy_loss = theirs.entropy_regularization_loss(distribution, counts)
    value_loss = theirs.value_estimation_loss(value[None], tf.constant(batch.episode_return)[None], 1, counts)
    ours = agent.figures(networks, batch, numbers)
    assert float(ours["policy_loss"]) == pytest.approx(float(policy_loss) / 11, rel=1e-4)
    assert float(ours["value_loss"]) == pytest.approx(float(value_loss) / 11, rel=1e-4)
    assert -0.05 * float(ours["entropy"]) == pytest.approx(float(entropy_loss) * 16 / 11, rel=1e-4)


def test_an_update_without_any_whole_episode_moves_nothing() -> None:
    """TF-Agents divides 0 by 0 there."""
    agent, numbers, parts, batch = case(Corridor())
    update = compiled_update(agent, numbers)
    parts, _ = update(parts, batch)  # from here on the optimizer has momentum
    after, figures = update(parts, batch._replace(counts=np.zeros(16, bool)))
    assert all(float(figure) == 0 for figure in figures.values())
    tf.nest.map_structure(np.testing.assert_array_equal, after, parts)


def test_a_single_step_that_counts_is_learned_from_though_advantages_are_normalised() -> None:
    agent, numbers, parts, batch = case(Corridor())
    figures = agent.figures(parts["networks"], batch._replace(counts=np.arange(16) == 5), numbers)
    assert float(figures["policy_loss"]) != 0


@pytest.mark.parametrize(("length", "bootstraps"), [(1000, True), (3, False)])
def test_the_baseline_stands_for_what_follows_a_cut_and_not_for_what_follows_a_termination(length, bootstraps) -> None:
    """TF-Agents never bootstraps."""
    agent, values, numbers = make_agent_for(
        REINFORCE, Corridor(length=length), collect_steps_per_iteration=5, gamma=0.5
    )
    loop = Loop(agent, Rollout(agent))
    start = loop.initial_state(values, SEEDS, 1)
    inputs = {name: tf.constant(value) for name, value in vars(numbers).items() if value is not None}
    state, _ = loop.run(start, Call(*map(np.int32, (0, 1, 5, 0))), inputs, SEEDS)
    rows = agent.prepare(start.parts, state.memory, numbers)
    behind = network(doubles(start.parts["networks"]["value"]), np.array([[0.3]]), "tanh")[0, 0] * bootstraps
    expected = [1 + 0.5 * (2 + 0.5 * (3 + 0.5 * behind)), 2 + 0.5 * (3 + 0.5 * behind), 3 + 0.5 * behind]
    assert rows.episode_return[:3, 0].numpy() == pytest.approx(expected, rel=1e-4)
    assert rows.counts[:, 0].numpy().tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("change", SHARED_KNOBS, ids=lambda change: next(iter(change)))
def test_every_hyperparameter_changes_what_is_learned(tmp_path: Path, change: dict) -> None:
    environment = "Pendulum-v1" if "log_std_init" in change else "CartPole-v0"
    first, other = (trained(REINFORCE, tmp_path, environment, **knobs) for knobs in ({}, change))
    assert learned(first) != learned(other)
