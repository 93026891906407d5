"""Level 2: parts of one run's training on several slots."""

import json

import pytest
from unit_makers import all_facts, make_unit, make_units, serial_facts

from rliable.unit import Limits


@pytest.fixture
def marks(tmp_path):
    """Where processes leave marks; gives who worked, and how many of each."""

    def count():
        words = [path.name.split()[0] for path in folder.iterdir()]
        return {word: words.count(word) for word in words}

    folder = tmp_path / "marks"
    folder.mkdir()
    return folder, count


@pytest.mark.parametrize("num_workers", [2, 3])
def test_idle_slots_help_with_a_training_and_change_nothing_of_it(run, marks, num_workers):
    folder, count = marks
    unit = make_unit("Squares", marks=str(folder), rounds=40)

    (result,) = run([unit], num_workers)

    assert count() == {"trainer": 1, "helper": num_workers - 1}
    assert json.dumps([row["total"] for row in result.learning_curve]) == json.dumps([506.0] * 40)
    assert all_facts([result]) == serial_facts([unit])
    assert result.slot_seconds > 1.2 * (result.finished - result.started)


def test_at_level_1_everyone_trains_alone(run, marks):
    folder, count = marks

    run([make_unit("Squares", marks=str(folder))], level=1)

    assert count() == {"trainer": 1}


def test_the_tail_of_a_study_is_helped(run, marks):
    folder, count = marks
    units = make_units("Squares", 3, marks=str(folder))

    results = run(units)

    assert count()["helper"] >= 1
    assert all_facts(results) == serial_facts(units)


def test_what_a_lost_helper_was_told_is_done_by_the_run_itself(run, tmp_path):
    unit = make_unit("Squares", helper_dies=str(tmp_path / "mark"))

    (result,) = run([unit])

    assert (tmp_path / "mark").exists()
    assert (result.error, result.attempts) == (None, 1)
    assert all_facts([result]) == serial_facts([unit])


@pytest.mark.parametrize("error", ["SystemExit", "ValueError"])
def test_a_helper_that_cannot_help_leaves_the_run_alone(run, error, marks):
    folder, count = marks

    (result,) = run([make_unit("Squares", helper_raises=error, marks=str(folder))])

    assert (result.error, result.attempts, count()) == (None, 1, {"trainer": 1})
    assert {row["total"] for row in result.learning_curve} == {506.0}


def test_a_helped_run_that_is_lost_begins_again_and_is_helped_again(run, tmp_path):
    unit = make_unit("Squares", trainer_dies=str(tmp_path / "mark"), rounds=60)

    (result,) = run([unit])

    assert (result.error, result.attempts) == (None, 2)
    assert result.slot_seconds > 1.1 * (result.finished - result.started)
    assert all_facts([result]) == serial_facts([unit])


def test_a_run_that_hangs_while_a_long_answer_waits_for_it_is_still_ended(run):
    hanging = make_unit("Squares", 0, Limits(timeout_seconds=3.0), answer_bytes=30_000_000, trainer_sleeps=300)

    (result,) = run([hanging], num_workers=3)

    assert result.error == "exceeded trial_timeout_seconds 3"
