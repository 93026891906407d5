"""The cheap problems whose best returns are known: each is reached by the policy that is best, and by no other."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from rliable.environments import load_data
from rliable.environments.catch import Catch
from rliable.environments.deep_sea import DeepSea


def returns_of(environment, choose, seeds=range(40)):
    """The returns of episodes side by side; `choose` gives the actions [B] for the observations [B, O]."""
    state = tf.constant(environment.initial_states(seeds))
    returns, is_playing = np.zeros(len(seeds)), np.ones(len(seeds), bool)
    for _ in range(environment.max_episode_steps):
        actions = choose(environment.observe(state).numpy())
        state, reward, terminated = environment.step(state, tf.constant(actions, tf.int32))
        returns += np.where(is_playing, reward, 0)
        is_playing &= ~terminated.numpy()
    assert not is_playing.any()
    return returns


def follow_ball(environment):
    """The best policy of Catch."""

    def choose(observations):
        boards = observations.reshape(-1, environment.rows, environment.columns)  # [B, R, C]
        paddles, balls = boards[:, -1].argmax(axis=1), boards[:, :-1].sum(axis=1).argmax(axis=1)
        return np.sign(balls - paddles) + 1

    return choose


def dive_right(environment):
    """The best policy of DeepSea."""
    right = environment.right_actions()
    return lambda observations: right[observations.argmax(axis=1)]


@pytest.mark.parametrize("environment", [Catch(), Catch(rows=4, columns=9), Catch(rows=2, columns=1)])
def test_catch_is_solved_by_following_the_ball(environment):
    returns = returns_of(environment, follow_ball(environment), range(4000))
    assert returns.mean() == pytest.approx(environment.threshold, abs=0.03)
    assert environment != Catch() or set(returns) == {environment.threshold}


def test_catch_is_lost_by_standing_still_but_for_one_column_in_five():
    returns = returns_of(Catch(), lambda observations: np.ones(len(observations)), range(2000))
    assert set(returns) == {-1.0, 1.0}
    assert (returns > 0).mean() == pytest.approx(0.2, abs=0.03)


def test_a_board_shows_ball_and_paddle():
    (board,) = Catch().observe(tf.constant([[3, 1, 2]])).numpy().reshape(1, 10, 5)
    assert np.argwhere(board).tolist() == [[3, 1], [9, 2]]


@pytest.mark.parametrize("environment", [load_data("DeepSea-10"), DeepSea(size=17), DeepSea(mapping_seed=None)])
def test_deep_sea_is_solved_by_going_right_always(environment):
    returns = returns_of(environment, dive_right(environment), [0])
    assert returns[0] == pytest.approx(environment.threshold, abs=1e-6) == pytest.approx(0.99)


def test_of_all_courses_through_a_small_sea_one_is_best_and_bsuite_counts_the_same():
    environment, size = DeepSea(size=6), 6
    right = environment.right_actions().reshape(size, size)
    courses = np.array(list(itertools.product([0, 1], repeat=size)))  # [64, N]
    state, returns = tf.constant(environment.initial_states(range(64))), np.zeros(64)
    for step in range(size):
        state, reward, terminated = environment.step(state, tf.constant(courses[:, step], tf.int32))
        returns += reward.numpy()
        assert (terminated.numpy() == (step == size - 1)).all()
    expected = [bsuite_return(right, course, size) for course in courses]
    np.testing.assert_allclose(returns, expected, atol=1e-6)
    assert (returns > 0).sum() == 1 and returns.max() == pytest.approx(0.99)


def bsuite_return(right, course, size):
    """bsuite's rules, restated for one episode."""
    column, total = 0, 0.0
    for row, action in enumerate(course):
        is_right = action == right[row, column]
        total += (column == size - 1 and is_right) - is_right * 0.01 / size
        column = min(max(column + (1 if is_right else -1), 0), size - 1)
    return total


def test_the_seed_of_bsuites_experiment_decides_which_action_leads_right():
    drawn = np.random.RandomState(42).binomial(1, 0.5, [10, 10])
    assert np.array_equal(load_data("DeepSea-10").right_actions().reshape(10, 10), drawn)
    assert np.array_equal(DeepSea(mapping_seed=None).right_actions(), np.ones(100))


def test_basic_env_pays_for_one_action_of_five():
    environment = load_data("BasicEnv")
    state, reward, terminated = environment.step(tf.zeros([5, 1], tf.int32), tf.range(5))
    assert reward.numpy().tolist() == [-1, -1, environment.threshold, -1, -1]
    assert terminated.numpy().all()
    assert environment.observe(environment.initial_states([1])).numpy().tolist() == [[1, 0]]
    assert environment.observe(state).numpy()[0].tolist() == [0, 1]
