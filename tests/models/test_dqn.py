"""The DQN model: its contract with a search."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.trajectories import time_step

from models.dqn import DQN, DQNHyperparameters
from rliable.environments import load_data
from rliable.schema import ConfigError, check_record
from rliable.training.networks.dense import filled_up
from tests.models.dqn_models import SMALL, make_dqn, parts_of, trained_dqn
from tests.training.scripted_environment import OneStepEpisodes


def test_training_leaves_the_terminal_clean(tmp_path: Path) -> None:
    code = f"from tests.models.dqn_models import trained_dqn; trained_dqn({str(tmp_path)!r}).save()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_curve_has_environment_steps_losses_and_evaluations(tmp_path: Path) -> None:
    curve = trained_dqn(tmp_path, collect_steps_per_iteration=2).learning_curve
    assert [row["step"] for row in curve] == [0, 300, 500, 700]
    assert [row["step"] for row in curve if "average_return" in row] == [0, 500, 700]
    assert all(np.isfinite(row["loss"]) and row["loss"] > 0 for row in curve[1:])


def test_steps_of_environments_side_by_side_are_counted_together(tmp_path: Path) -> None:
    curve = trained_dqn(tmp_path, num_environments=3, initial_collect_steps=100).learning_curve
    assert [row["step"] for row in curve] == [0, *(3 * (34 + iterations) for iterations in (100, 200, 300))]


def test_windows_of_the_log_do_not_limit_the_evaluation_interval(tmp_path: Path) -> None:
    curve = trained_dqn(tmp_path, log_interval=1, eval_interval=1000).learning_curve
    assert [row["step"] for row in curve] == [0, *range(101, 401)]
    assert [row["step"] for row in curve if "average_return" in row] == [0, 400]


def test_losses_of_windows_do_not_depend_on_when_evaluations_cut_them(tmp_path: Path) -> None:
    """Windows of 70 iterations; the last one, of 20, is a mean of its own."""
    curves = [
        trained_dqn(tmp_path, log_interval=70, eval_interval=interval, num_eval_episodes=2).learning_curve
        for interval in (30, 1000)
    ]
    losses = [[(row["step"], row["loss"]) for row in curve if "loss" in row] for curve in curves]
    assert losses[0] == losses[1]
    assert [step for step, _ in losses[0]] == [170, 240, 310, 380, 400]


def test_second_model_of_the_same_shapes_saves_its_own_weights(tmp_path: Path) -> None:
    models = [trained_dqn(tmp_path / str(seed), seed=seed) for seed in (1, 2)]
    observations = np.random.default_rng(1).normal(size=(200, 4)).astype(np.float32)
    for model in models:
        model.save()
        policy = tf.saved_model.load(str(Path(model.cfg["mdl_file"]) / "policy"))
        actions = policy.action(time_step.restart(tf.constant(observations), batch_size=200)).action
        assert np.array_equal(actions, model.predict(observations))


def test_loaded_model_plays_the_same_episodes(tmp_path: Path) -> None:
    model = trained_dqn(tmp_path)
    model.save()
    expected = model.evaluate(load_data("CartPole-v0"))
    other = trained_dqn(tmp_path, seed=99)  # uses the same programs
    loaded = make_dqn(tmp_path)
    loaded.load_model()
    assert loaded.evaluate(load_data("CartPole-v0")) == expected
    assert parts_of(loaded) == parts_of(model)
    assert parts_of(loaded) != parts_of(other)


def test_predict_gives_the_action_of_the_highest_value_for_each_observation(tmp_path: Path) -> None:
    model = trained_dqn(tmp_path)
    observations = np.random.default_rng(1).normal(size=(20, 4))
    hidden, last = model._run.parts["q"]["layer_0"], model._run.parts["q"]["layer_1"]
    units = np.maximum(observations @ hidden["kernel"] + hidden["bias"], 0)
    q_values = units @ last["kernel"] + last["bias"]
    assert model.predict(observations).tolist() == q_values.argmax(1).tolist()


def test_a_policy_can_be_evaluated_in_another_environment(tmp_path: Path) -> None:
    model = trained_dqn(tmp_path)
    model._run.parts["q"] = balancing_network()
    assert model.run_episodes(load_data("CartPole-v0"), range(3)) == [200.0] * 3
    assert model.run_episodes(load_data("CartPole-v1"), range(3)) == [500.0] * 3


def balancing_network() -> dict[str, Any]:
    """A network that pushes under the falling pole."""
    lean = np.array([0.1, 0.3, 3.0, 1.0])
    hidden = {"kernel": filled_up(np.stack([lean, -lean], 1), 4, 32), "bias": np.zeros(32, np.float32)}
    return {
        "layer_0": hidden,
        "layer_1": {"kernel": filled_up(np.eye(2)[::-1], 32, 2), "bias": np.zeros(2, np.float32)},
    }


@pytest.mark.parametrize("double", [False, True])
def test_only_episodes_that_are_cut_are_bootstrapped(double: bool) -> None:
    """The value of a step that earns 1 is 1 where the episode terminates, and 1 / (1 - 0.5) where it is cut."""
    settings = {"train_iterations": 600, "initial_collect_steps": 100, "batch_size": 16, "learning_rate": 0.01}
    settings |= {"target_update_period": 10, "gamma": 0.5, "eval_interval": 600, "num_eval_episodes": 1}
    environment = OneStepEpisodes(num_actions=2, action_low=(), action_high=())
    cfg = {"environment": environment.name, "mdl_file": "", "hp_params": settings | {"double": double}, "seed": 4}
    model = DQN(None, cfg)
    model.train(environment)
    kinds = np.array([[1.0], [0.0]], np.float32)
    agent = model._run.program(environment).agent
    assert np.allclose(agent.q_values(model._run.parts["q"], kinds), [[1.0, 1.0], [2.0, 2.0]], atol=0.05)


def test_number_of_test_episodes(tmp_path: Path) -> None:
    assert make_dqn(tmp_path).num_test_episodes == 12
    assert make_dqn(tmp_path, num_test_episodes=3).num_test_episodes == 3
    assert make_dqn(tmp_path).slices() == [range(0, 10), range(10, 12)]


def test_diverging_loss_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(
        FloatingPointError, match=r"within .* environment steps; learning_rate may be too high"
    ) as caught:
        trained_dqn(
            tmp_path, learning_rate=0.03, target_update_period=1, fc_layer_params=[32] * 8, train_iterations=3000
        )
    assert "\n" not in str(caught.value)


def test_untrained_model_and_missing_checkpoint_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="neither trained nor loaded"):
        make_dqn(tmp_path).save()
    with pytest.raises(FileNotFoundError, match="no trained model"):
        make_dqn(tmp_path).load_model()


def test_data_without_an_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="needs an environment, found list"):
        make_dqn(tmp_path).train([{"count": 1}])


def test_hyperparameters_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"hp_params.learning_rat: unknown key; did you mean 'learning_rate'"):
        DQN(None, {"hp_params": {"train_iterations": 1, "learning_rat": 1}}).values  # noqa: B018
    record, problems = check_record(DQNHyperparameters, SMALL | {"fc_layer_params": [8, 4]})
    assert problems == [] and record.hidden_sizes == (8, 4)
    assert check_record(DQNHyperparameters, SMALL)[0].hidden_sizes == (12,)


@pytest.mark.parametrize(
    "change",
    [
        {"gamma": 0.5},
        {"learning_rate": 1e-2},
        {"adam_epsilon": 1e-3},
        {"activation": "tanh"},
        {"num_environments": 2},
        {"epsilon_start": 0.2},
        {"epsilon_end": 0.9},
        {"epsilon_decay_steps": 50},
        {"target_update_period": 3},
        {"target_update_tau": 0.5},
        {"collect_steps_per_iteration": 3},
        {"train_steps_per_iteration": 2},
        {"initial_collect_steps": 50},
        {"double": True},
        {"loss": "huber"},
        {"gradient_clipping": 0.05},
        {"n_step": 3},
        {"batch_size": 8},
        {"replay_buffer_max_length": 150},
        {"fc_layer_params": [12, 6]},
        {"qnet_fc_hidden_size": 13},
        {"train_iterations": 299},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_hyperparameter_changes_what_is_learned(tmp_path: Path, change: dict) -> None:
    network, other = (
        model._run.parts["q"]["layer_0"] for model in (trained_dqn(tmp_path, **change), trained_dqn(tmp_path))
    )
    assert network["kernel"].tobytes() != other["kernel"].tobytes()
