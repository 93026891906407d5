"""Where a study stands: its best trial, and when it stops for want of improvement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rliable.records.results import TrialRecord
from rliable.tuning.standings import ConvergenceRule, Standings, TargetRule
from tests.studies import make_study

values = st.lists(st.one_of(st.none(), st.floats(-1e3, 1e3)), max_size=40)


def stop_trial(criteria, tolerance, patience, told):
    """The number of the trial that stops the study, or None."""
    rule = ConvergenceRule(criteria, tolerance, patience)
    return next((number for number, value in enumerate(told) if rule.tell(value)), None)


def best_until(told, criteria, end):
    present = [value for value in told[: end + 1] if value is not None]
    return (max if criteria == "max" else min)(present) if present else None


@given(values, st.floats(0, 10), st.integers(1, 6), st.sampled_from(["max", "min"]))
def test_stops_exactly_where_the_definition_says(told, tolerance, patience, criteria):
    def converged(number):
        now, before = best_until(told, criteria, number), best_until(told, criteria, number - patience)
        return number >= patience and before is not None and abs(now - before) <= tolerance

    expected = next((number for number in range(len(told)) if converged(number)), None)
    assert stop_trial(criteria, tolerance, patience, told) == expected


@given(values, st.integers(1, 6))
def test_maximising_is_minimising_the_negative(told, patience):
    negated = [None if value is None else -value for value in told]
    assert stop_trial("max", 0.5, patience, told) == stop_trial("min", 0.5, patience, negated)


@given(values)
def test_without_tolerance_nothing_converges(told):
    assert stop_trial("max", None, 1, told) is None


def test_two_equal_mediocre_trials_alone_do_not_stop_it():
    assert stop_trial("max", 0.01, 5, [10.0, 10.0, 150.0, 199.9, 200.0]) is None


@pytest.mark.parametrize(("told", "stop"), [([5.0] * 9, 5), ([5.0, *[None] * 9], 5), ([None] * 9, None)])
def test_failed_trials_are_trials_without_improvement(told, stop):
    assert stop_trial("max", 0.01, 5, told) == stop


def test_pruned_trials_are_trials_without_improvement_and_never_the_best():
    standings = Standings(make_study({"x": [1.0, 2.0]}, convergence=0.01, patience=3, max_iters=20))
    standings.add(TrialRecord(0, value=5.0))
    for number in (1, 2, 3):
        assert not standings.is_stopped
        standings.add(TrialRecord(number, "PRUNED"))
    assert standings.is_stopped
    assert standings.best == TrialRecord(0, value=5.0)
    assert standings.num_finished == 4


def test_trials_beyond_the_one_that_decides_do_not_count_whatever_the_order_of_arrival():
    standings = Standings(make_study({"x": [1.0, 2.0]}, convergence=0.01, patience=1, max_iters=20))
    for number, value in [(3, 99.0), (1, 5.0), (0, 5.0)]:
        standings.add(TrialRecord(number, value=value))
    assert standings.stop_reason().startswith("converged at trial 1")
    assert [trial.number for trial in standings.trials()] == [0, 1]
    assert standings.best.number == 0


@pytest.mark.parametrize(("criteria", "stop"), [("max", 2), ("min", 0)])
def test_the_first_trial_that_is_as_good_as_wished_ends_the_study(criteria, stop):
    rule = TargetRule(criteria, 10.0)
    assert next(number for number, value in enumerate([9.0, None, 10.0, 9.9]) if rule.tell(value)) == stop


def test_a_target_is_reached_by_the_lowest_number_whatever_arrives_first():
    standings = Standings(make_study({"x": [1.0, 2.0]}, target=10.0, convergence=0.0, patience=3, max_iters=20))
    for number, value in [(4, 50.0), (2, 11.0), (0, 1.0)]:
        standings.add(TrialRecord(number, value=value))
        assert not standings.is_stopped
    standings.add(TrialRecord(1, "FAIL"))
    assert standings.is_over
    assert standings.stop_reason() == "target 10 reached by trial 2"
    assert [trial.number for trial in standings.trials()] == [0, 1, 2]
