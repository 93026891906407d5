"""A DQN run is a function of its configuration and seed: bit for bit, whatever ran before and wherever it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rliable.training.dqn_policy import q_policy_program
from rliable.training.dqn_program import dqn_program

from rliable.environments import load_data
from tests.models.dqn_models import everything, make_dqn, trained_dqn


def test_reused_program_and_new_program_give_the_same_bits(tmp_path: Path) -> None:
    trained_dqn(tmp_path, seed=1, learning_rate=0.1, gamma=0.1, target_update_tau=0.3)
    reused = everything(trained_dqn(tmp_path))
    dqn_program.cache_clear()
    q_policy_program.cache_clear()
    trained_dqn(tmp_path, qnet_fc_hidden_size=7)
    assert everything(trained_dqn(tmp_path)) == reused


def test_program_is_compiled_once_for_all_that_can_change_at_run_time(tmp_path: Path) -> None:
    program = trained_dqn(tmp_path)._run.program
    other = trained_dqn(
        tmp_path,
        seed=3,
        learning_rate=0.01,
        gamma=0.9,
        train_iterations=350,
        collect_steps_per_iteration=2,
        train_steps_per_iteration=2,
        initial_collect_steps=0,
        epsilon_start=0.5,
        epsilon_end=0.2,
        epsilon_decay_steps=77,
        target_update_period=3,
        target_update_tau=0.4,
        log_interval=50,
        eval_interval=70,
        num_eval_episodes=3,
    )
    assert other._run.program is program
    assert program.loop.run.experimental_get_tracing_count() == 1


def test_seed_decides(tmp_path: Path) -> None:
    assert everything(trained_dqn(tmp_path, seed=5)) != everything(trained_dqn(tmp_path, seed=6))


def test_another_process_gives_the_same_bits(tmp_path: Path) -> None:
    code = (
        "import json; from tests.models.dqn_models import *; from pathlib import Path;"
        f"curve, returns, variables = everything(trained_dqn(Path({str(tmp_path)!r})));"
        "print(json.dumps([curve, returns, [value.hex() for value in variables]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    curve, returns, variables = everything(trained_dqn(tmp_path))
    assert json.loads(done.stdout) == [curve, returns, [value.hex() for value in variables]]


def test_two_models_may_take_turns(tmp_path: Path) -> None:
    first, second = trained_dqn(tmp_path, seed=1), trained_dqn(tmp_path, seed=2)
    interleaved = [model.run_episodes(load_data("CartPole-v0"), range(4)) for model in (first, second, first, second)]
    assert interleaved[:2] == interleaved[2:]
    assert interleaved[0] == trained_dqn(tmp_path, seed=1).run_episodes(load_data("CartPole-v0"), range(4))


@pytest.mark.parametrize(
    "parts", [[range(6, 13)], [range(n, n + 1) for n in range(12, 5, -1)], [range(9, 13), range(6, 9)]]
)
def test_return_of_an_episode_does_not_depend_on_its_slice(tmp_path: Path, parts: list[range]) -> None:
    model = trained_dqn(tmp_path, train_iterations=600)
    environment = load_data("CartPole-v0")
    expected = dict(enumerate(model.evaluate(environment)[0] + model.run_episodes(environment, range(12, 20))))
    for part in parts:
        assert model.run_episodes(environment, part) == [expected[number] for number in part]
    assert len(set(expected.values())) > 3


def test_slices_are_limited(tmp_path: Path) -> None:
    model = trained_dqn(tmp_path)
    with pytest.raises(ValueError, match="at most 10"):
        model.run_episodes(load_data("CartPole-v0"), range(11))


def test_evaluations_during_training_do_not_change_what_is_learned(tmp_path: Path) -> None:
    often = trained_dqn(tmp_path, eval_interval=50, num_eval_episodes=3)
    rarely = make_dqn(tmp_path, eval_interval=1000)
    rarely.train(load_data("CartPole-v0"), load_data("CartPole-v1"))
    assert [a.tobytes() for a in often._run.trained] == [a.tobytes() for a in rarely._run.trained]
