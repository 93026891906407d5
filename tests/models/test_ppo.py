"""PPO: its update against the paper's formulas, where it bootstraps, and that every knob counts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from tf_agents.agents.ppo import ppo_agent
from tf_agents.networks import actor_distribution_network, value_network
from tf_agents.trajectories import time_step as ts

from models.ppo import PPO, PPOBatch
from rliable.config.model_file import check_model
from rliable.environments import load_data
from rliable.training.agent import Clock
from rliable.training.loop import Call, Loop
from rliable.training.policy import action_spec, time_step_spec
from rliable.training.rollout import Rollout
from tests.models.formulas import assert_close, log_softmax, make_agent_for, move
from tests.models.on_policy_models import SHARED_KNOBS, learned, trained
from tests.models.updates import clipped, doubles, network, slopes
from tests.training.scripted_environment import Corridor, continuous_corridor

SEEDS = {name: np.int32(number) for number, name in enumerate(("act", "warm_up", "reset", "replay", "update"))}
CLOCK = Clock(tf.constant(0), tf.constant(0), tf.constant(0.25))
RANDOM = np.random.default_rng(1)


def case(environment: Corridor, **hp_params):
    """An agent with weights far from their beginning, and a minibatch of 16 rows of which some are clipped."""
    agent, values, numbers = make_agent_for(
        PPO, environment, **({"fc_layer_params": [6], "batch_size": 16} | hp_params)
    )
    parts = agent.initial_parts(values, 3)
    parts["networks"] = tf.nest.map_structure(
        lambda array: array + np.float32(0.3) * RANDOM.normal(size=array.shape).astype(np.float32), parts["networks"]
    )
    observation = RANDOM.normal(size=(16, 1)).astype(np.float32)
    action = agent.policy(parts["networks"], observation).sample(tf.constant([1, 2]))
    before = agent.policy(parts["networks"], observation).log_probability(action)
    shift, advantage, target = RANDOM.normal(size=(3, 16)).astype(np.float32)
    return agent, numbers, parts, PPOBatch(observation, action, before + 0.3 * shift, advantage, target)


def loss_by_formula(networks, rows: PPOBatch, knobs: SimpleNamespace, activation: str, clip_range: float) -> float:
    """Equation 9 of the paper, negative, for either kind of action."""
    outputs = network(networks["policy"], rows.observation, activation)
    if "log_std" in networks:
        std = np.exp(networks["log_std"])
        density = -0.5 * ((rows.action - outputs) / std) ** 2 - np.log(std * np.sqrt(2 * np.pi))
        logarithm, entropy = density.sum(1), np.full(16, np.log(std * np.sqrt(2 * np.pi * np.e)).sum())
    else:
        logarithms = log_softmax(outputs)
        logarithm = logarithms[np.arange(16), rows.action.astype(int)]
        entropy = -(np.exp(logarithms) * logarithms).sum(1)
    advantage = (rows.advantage - rows.advantage.mean()) / (rows.advantage.std() + 1e-8)
    ratio = np.exp(logarithm - rows.log_probability)
    objective = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip_range, 1 + clip_range) * advantage)
    error = (network(networks["value"], rows.observation, activation)[:, 0] - rows.target) ** 2
    return -objective.mean() + knobs.value_loss_weight * error.mean() - knobs.entropy_weight * entropy.mean()


@pytest.mark.parametrize(
    ("environment", "activation"), [(Corridor(), "tanh"), (Corridor(), "relu"), (continuous_corridor(2), "tanh")]
)
def test_two_updates_match_the_formulas(environment: Corridor, activation: str) -> None:
    knobs = {"learning_rate": 0.0175, "clip_range": 0.3, "clip_range_end": 0.1}
    knobs |= {"entropy_weight": 0.05, "value_loss_weight": 0.7, "gradient_clipping": 0.4, "adam_epsilon": 1e-5}
    agent, numbers, parts, batch = case(environment, activation=activation, **knobs)
    networks, rows = doubles(parts["networks"]), PPOBatch(*(np.asarray(field, np.float64) for field in batch))
    update = tf.function(
        lambda parts, batch: agent.update(parts, batch, numbers, CLOCK, tf.constant([1, 1])),
        jit_compile=True,
        autograph=False,
    )
    moments: list = []
    for step in (1, 2):

        def loss(networks) -> float:
            return loss_by_formula(networks, rows, numbers, activation, clip_range=0.25)

        expected = loss(networks)
        move(networks, clipped(slopes(loss, networks), 0.4), moments, step, rate=0.0175, epsilon=1e-5)
        parts, figures = update(parts, batch)
        assert float(figures["loss"]) == pytest.approx(expected, rel=1e-4)
        assert_close(parts["networks"], networks)
    assert 0 < float(figures["clip_fraction"]) < 1 and float(figures["approx_kl"]) > 0


def test_the_loss_is_that_of_tf_agents() -> None:
    agent, numbers, parts, batch = case(
        Corridor(), entropy_weight=0.05, normalize_advantage=False, fc_layer_params=[32]
    )
    steps, actions = time_step_spec(Corridor()), action_spec(Corridor())
    actor = actor_distribution_network.ActorDistributionNetwork(
        steps.observation, actions, fc_layer_params=(32,), activation_fn=tf.tanh
    )
    value = value_network.ValueNetwork(steps.observation, fc_layer_params=(32,), activation_fn=tf.tanh)
    theirs = ppo_agent.PPOAgent(
        steps,
        actions,
        tf.compat.v1.train.AdamOptimizer(),
        actor,
        value,
        importance_ratio_clipping=0.2,
        value_pred_loss_coef=0.5,
        entropy_regularization=0.05,
        normalize_observations=False,
        normalize_rewards=False,
        initial_adaptive_kl_beta=0.0,
        kl_cutoff_factor=0.0,
    )
    for oracle, name in ((actor, "policy"), (value, "value")):
        ordered = [parts["networks"][name][f"layer_{index}"][kind] for index in (0, 1) for kind in ("kernel", "bias")]
        for variable, array in zip(oracle.trainable_variables, ordered, strict=True):
            variable.assign(array)
    before = agent.policy(parts["networks"], batch.observation).logits
    info = theirs.get_loss(
        ts.restart(tf.constant(batch.observation), batch_size=16),
        batch.action,
        batch.log_probability,
        batch.target,
        tf.constant(batch.advantage),
        {"logits": before},
        tf.ones([16]),
        tf.constant(0),
        debug_summaries=False,
    )
    ours = agent.figures(parts["networks"], batch, numbers, 0.2)
    assert float(ours["loss"]) == pytest.approx(float(info.loss), rel=1e-4)
    assert float(ours["policy_loss"]) == pytest.approx(float(info.extra.policy_gradient_loss), rel=1e-4)


@pytest.mark.parametrize(("length", "bootstraps"), [(1000, True), (3, False)])
def test_values_stand_for_what_follows_a_cut_and_not_for_what_follows_a_termination(length, bootstraps) -> None:
    """TF-Agents takes a cut for an end, and V(s_{T-1}) for the value behind the rollout."""
    agent, values, numbers = make_agent_for(
        PPO, Corridor(length=length), collect_steps_per_iteration=5, batch_size=None, gamma=0.9, gae_lambda=0.8
    )
    loop = Loop(agent, Rollout(agent))
    start = loop.initial_state(values, SEEDS, 1)
    inputs = {name: tf.constant(value) for name, value in vars(numbers).items() if value is not None}
    state, _ = loop.run(start, Call(*map(np.int32, (0, 1, 5, 0))), inputs, SEEDS)
    rows = agent.prepare(start.parts, state.memory, numbers)

    def value(place: int) -> float:
        return network(doubles(start.parts["networks"]["value"]), np.array([[place / 10]]), "tanh")[0, 0]

    delta = [1 + 0.9 * value(1) - value(0), 2 + 0.9 * value(2) - value(1), 3 + 0.9 * value(3) * bootstraps - value(2)]
    delta += delta[:2]  # another episode has begun, and goes on behind the rollout
    expected = [delta[0] + 0.72 * (delta[1] + 0.72 * delta[2]), delta[1] + 0.72 * delta[2], delta[2]]
    expected += [delta[3] + 0.72 * delta[4], delta[4]]
    assert rows.advantage[:, 0].numpy() == pytest.approx(expected, rel=1e-4)
    places = [0, 1, 2, 0, 1]
    assert rows.target[:, 0].numpy() == pytest.approx(np.add(expected, [value(p) for p in places]), rel=1e-4)


def test_what_was_drawn_is_remembered_uncut_and_the_environment_gets_it_within_bounds() -> None:
    agent, values, numbers = make_agent_for(
        PPO, continuous_corridor(), collect_steps_per_iteration=64, batch_size=None, log_std_init=1.0
    )
    loop = Loop(agent, Rollout(agent))
    start = loop.initial_state(values, SEEDS, 1)
    inputs = {name: tf.constant(value) for name, value in vars(numbers).items() if value is not None}
    rollout = loop.run(start, Call(*map(np.int32, (0, 1, 64, 0))), inputs, SEEDS)[0].memory
    assert np.abs(rollout.action).max() > 2
    rows = agent.prepare(start.parts, rollout, numbers)
    mean = agent.policy(start.parts["networks"], rollout.observation[:, 0]).mean
    density = tfp.distributions.Normal(mean, np.float32(np.exp(1.0))).log_prob(rollout.action[:, 0])[:, 0]
    assert np.allclose(rows.log_probability[:, 0], density, atol=1e-4)


def test_weights_begin_orthogonal_and_the_policy_nearly_indifferent() -> None:
    agent, values, _ = make_agent_for(PPO, continuous_corridor(2), fc_layer_params=[40, 20], log_std_init=-0.5)
    networks = agent.initial_parts(values, 1)["networks"]
    hidden = networks["policy"]["layer_1"]["kernel"][:40, :20]
    assert np.allclose(hidden.T @ hidden, 2 * np.eye(20), atol=1e-5)
    assert np.linalg.norm(networks["policy"]["layer_2"]["kernel"], axis=0) == pytest.approx([0.01, 0.01])
    assert np.linalg.norm(networks["value"]["layer_2"]["kernel"]) == pytest.approx(1)
    assert networks["log_std"].tolist() == [-0.5, -0.5]
    assert all(not layer["bias"].any() for layer in networks["policy"].values())
    assert not np.array_equal(networks["policy"]["layer_0"]["kernel"], networks["value"]["layer_0"]["kernel"])


def test_minibatches_of_one_step_improve_the_policy_though_advantages_are_normalised(tmp_path: Path) -> None:
    before, after = (
        trained(PPO, tmp_path, "CartPole-v1", train_iterations=iterations, batch_size=1)._run.parts["networks"]
        for iterations in (1, 2)
    )
    assert not np.array_equal(before["policy"]["layer_0"]["kernel"], after["policy"]["layer_0"]["kernel"])


def test_schedules_reach_their_end_behind_the_last_rollout(tmp_path: Path) -> None:
    constant = learned(trained(PPO, tmp_path, "CartPole-v1", train_iterations=1))
    falling = learned(trained(PPO, tmp_path, "CartPole-v1", train_iterations=1, learning_rate_end=0.0))
    assert falling == constant


def test_a_model_file_whose_minibatch_does_not_divide_the_rollout_is_refused_in_one_line() -> None:
    data = {"class": "PPO", "environment": "CartPole-v1", "mdl_file": "x"}
    data["hp_params"] = {"train_iterations": 5, "collect_steps_per_iteration": 32, "batch_size": 24}
    line = "hp_params.batch_size: 24 does not divide the rollout of 32 x 1 = 32 steps; 16 or 32 would"
    model, _, problems = check_model(data, "model.json", frozenset())
    assert model is None and [str(problem) for problem in problems] == [f"{line}, and null takes all"]
    assert check_model(data, "model.json", {"batch_size"})[2] == []  # a study sets it


KNOBS = [*SHARED_KNOBS, {"gae_lambda": 0.5}, {"clip_range": 0.01}, {"clip_range_end": 0.0}]


@pytest.mark.parametrize("change", KNOBS, ids=lambda change: next(iter(change)))
def test_every_hyperparameter_changes_what_is_learned(tmp_path: Path, change: dict) -> None:
    environment = "Pendulum-v1" if "log_std_init" in change else "CartPole-v0"
    assert learned(trained(PPO, tmp_path, environment, **change)) != learned(trained(PPO, tmp_path, environment))


def test_a_continuous_policy_is_saved_exported_and_plays_alike(tmp_path: Path) -> None:
    environment = load_data("Pendulum-v1")
    model = trained(PPO, tmp_path, "Pendulum-v1", normalize_observations=True, normalize_rewards=True)
    model.save()
    loaded = PPO(None, model.cfg)
    loaded.load_model()
    observations = RANDOM.normal(size=(20, 3)).astype(np.float32)
    policy = tf.saved_model.load(str(tmp_path / "policy"))
    actions = policy.action(ts.restart(tf.constant(observations), batch_size=20)).action.numpy()
    assert actions.shape == (20, 1) and np.array_equal(actions, model.predict(observations))
    assert np.array_equal(loaded.predict(observations), actions)
    assert loaded.evaluate(environment) == model.evaluate(environment)
    assert float(model._run.parts["observations"]["count"]) == pytest.approx(20 * 32, abs=0.01)
