"""Runs of DQN that share programs: what may change without compiling anew, and that they do not meet.

What holds for the bits of every agent is in `test_agent_contract`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rliable.environments import load_data
from tests.models.dqn_models import make_dqn, parts_of, trained_dqn


def test_program_is_compiled_once_for_all_that_can_change_at_run_time(tmp_path: Path) -> None:
    model = trained_dqn(tmp_path)
    other = trained_dqn(
        tmp_path,
        seed=3,
        learning_rate=0.01,
        adam_epsilon=1e-6,
        gamma=0.9,
        n_step=3,
        train_iterations=350,
        collect_steps_per_iteration=2,
        train_steps_per_iteration=2,
        initial_collect_steps=0,
        replay_buffer_max_length=77,
        batch_size=11,
        qnet_fc_hidden_size=20,
        epsilon_start=0.5,
        epsilon_end=0.2,
        epsilon_decay_steps=77,
        target_update_period=3,
        target_update_tau=0.4,
        log_interval=50,
        eval_interval=70,
        num_eval_episodes=3,
    )
    programs = [run.program(run.environment) for run in (model._run, other._run)]
    assert programs[0] is programs[1]
    assert programs[0].loop._run.experimental_get_tracing_count() == 1


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


def test_where_evaluations_play_does_not_change_what_is_learned(tmp_path: Path) -> None:
    model = make_dqn(tmp_path)
    model.train(load_data("CartPole-v0"), load_data("CartPole-v1"))
    assert parts_of(model) == parts_of(trained_dqn(tmp_path))
