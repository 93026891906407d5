"""Level 2: one run's test episodes on several slots."""

import time

import pytest
from unit_makers import all_facts, make_options, make_unit, make_units, serial_facts
from waiting import wait_until

from rliable.executors.spark.executor import SparkExecutor
from rliable.unit import Limits

SLOW = {"slice_seconds": 0.1, "num_eval_episodes": 105}
MANY = {"num_eval_episodes": 305}


@pytest.mark.parametrize("num_workers", [2, 3])
def test_idle_slots_play_slices_and_the_metric_is_the_mean_over_all(run, num_workers):
    units = [make_unit("Walker", **SLOW)]

    (result,) = run(units, num_workers)

    assert len({record.pid for record in result.slices}) == num_workers
    assert len({record.slot for record in result.slices}) == num_workers
    assert [record.first for record in result.slices] == list(range(0, 105, 10))
    assert sum(record.count for record in result.slices) == len(result.predictions) == 105
    assert all_facts([result]) == serial_facts(units)
    assert result.slot_seconds > 1.1 > result.finished - result.started


def test_the_tail_of_a_study_fills_the_slots(run):
    units = make_units("Walker", 3, **SLOW)

    results = run(units)

    assert len({record.pid for record in results[2].slices}) == 2
    assert all_facts(results) == serial_facts(units)


def test_level_1_plays_all_slices_where_the_run_was_trained(run):
    results = run(make_units("Walker", 2, **SLOW), level=1)

    assert all({record.pid for record in result.slices} == {result.pid} for result in results)


def test_a_slice_whose_slot_dies_is_played_by_another(run, tmp_path):
    units = [make_unit("Walker", helper_dies=str(tmp_path / "mark"), **SLOW)]

    (result,) = run(units)

    assert (tmp_path / "mark").exists()
    assert sum(record.count for record in result.slices) == 105
    assert result.attempts == 1
    (tmp_path / "mark").unlink()
    (tmp_path / "mark").touch()
    assert all_facts([result]) == serial_facts(units)


def test_a_helper_whose_disk_is_full_leaves_its_slice_to_the_slot_that_trained(run):
    units = [make_unit("Walker", helper_disk_is_full=True, **SLOW)]

    (result,) = run(units)

    assert (result.error, result.attempts) == (None, 1)
    assert {part.pid for part in result.slices} == {result.pid}
    assert all_facts([result]) == serial_facts(units)


def test_a_helper_that_dies_between_two_slices_gets_the_model_again(local_spark, tmp_path):
    mark = tmp_path / "mark"
    slow = make_unit("Walker", 0, Limits(max_attempts=1), idle_helper_dies=str(mark), slice_seconds=0.4, **MANY)
    units = [slow, make_unit("Walker", 1, train_seconds=1.0, num_eval_episodes=10)]
    executor = SparkExecutor(make_options("Walker", num_workers=3, level=2), local_spark)
    results = executor.execute(iter(units))

    first = next(results)  # while nobody takes the next, no slot gets work
    wait_until(mark.exists, 10)
    time.sleep(0.5)
    (second,) = results
    executor.close()

    assert (first.trial, second.error) == (1, None)
    assert len({record.pid for record in second.slices if record.slot != second.slot}) > 1
    assert all_facts([second]) == serial_facts([slow])


@pytest.mark.parametrize("episode", [0, 55, 104])
def test_a_broken_episode_fails_its_run_wherever_it_is_played(run, episode):
    units = [make_unit("Walker", bad_episode=episode, **SLOW), make_unit("Walker", 1)]

    results = run(units)

    assert results[0].error == f"RuntimeError: episode {episode} is broken"
    assert all_facts(results) == serial_facts(units)


def test_a_helper_over_the_time_limit_fails_the_run(run):
    limits = Limits(timeout_seconds=0.5)

    results = run([make_unit("Walker", 0, limits, slice_seconds=5), make_unit("Walker", 1, limits)])

    assert results[0].error == "exceeded trial_timeout_seconds 0.5"
    assert results[1].error is None


def test_models_without_episodes_run_as_at_level_1(run):
    units = make_units("Plain", 4)

    results = run(units)

    assert all(result.slices == [] for result in results)
    assert all_facts(results) == serial_facts(units)


def most_at_once(spans):
    """How many of the spans (start, end) lie over one another at most."""
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


def test_no_more_slots_train_than_may(local_spark):
    executor = SparkExecutor(make_options("Plain", num_workers=3, max_training_slots=2), local_spark)

    results = list(executor.execute(iter(make_units("Plain", 6, seconds=0.4))))
    executor.close()

    assert most_at_once([(result.started, result.finished) for result in results]) == 2


def test_no_more_slots_help_with_evaluations_than_may(local_spark):
    options = make_options("Walker", num_workers=3, level=2, max_evaluation_slots=1)
    executor = SparkExecutor(options, local_spark)
    units = [make_unit("Walker", **SLOW)]

    (result,) = executor.execute(iter(units))
    executor.close()

    assert 1.3 < result.slot_seconds / (result.finished - result.started) < 2.1  # it would be three
    assert all_facts([result]) == serial_facts(units)
