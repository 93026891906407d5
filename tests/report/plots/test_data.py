"""What the pictures show, as numbers."""

import math

import pytest
from fake_studies import make_study

from rliable.records.learning_curve import write_learning_curve
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.plots.curves import Curve, at_common_steps, load_trial_curve, make_curve
from rliable.report.plots.data import best_so_far, history_of, make_pictures, parameters_of, spans_decades
from rliable.report.plots.importance import MIN_TRIALS, importance_of, top_share
from rliable.report.plots.panels import jitter, make_panels, num_columns
from rliable.report.plots.parts import Kind
from rliable.report.plots.style import log_ticks


def study(values, criteria="max", space=None, params=None, best=None):
    params = params or [{} for _ in values]
    trials = [
        TrialRecord(number, "FAIL" if value is None else "COMPLETE", value, params[number])
        for number, value in enumerate(values)
    ]
    return StudyRecord("Search", criteria=criteria, search_space=space or {}, trials=trials, best=best)


def test_best_so_far_follows_the_direction():
    assert best_so_far([3, 1, 4, 1, 5], "max") == [3, 3, 4, 4, 5]
    assert best_so_far([3, 1, 4, 1, 5], "min") == [3, 1, 1, 1, 1]


def test_history_keeps_failures_apart_and_draws_the_best_to_the_last_trial():
    history = history_of(study([1.0, None, 3.0, math.nan, 2.0, None], best=2))
    marks = {group.kind: (group.numbers, group.ys) for group in history.marks}
    assert marks == {Kind.FAILED: ([1, 3, 5], None), Kind.TRIAL: ([0, 4], [1.0, 2.0]), Kind.BEST: ([2], [3.0])}
    assert (history.best_numbers, history.best_values) == ([0, 2, 4, 5], [1.0, 3.0, 3.0, 3.0])


def test_pruned_trials_are_marks_of_their_own_and_count_for_nothing_else():
    space = {"units": [20, 100]}
    trials = [TrialRecord(number, value=value, params={"units": 20}) for number, value in enumerate([1.0, 2.0, 3.0])]
    trials += [TrialRecord(3, "PRUNED", 9.0, {"units": 20}), TrialRecord(4, "PRUNED", None, {"units": 100})]
    record = StudyRecord("Search", search_space=space, trials=trials, best=2)
    history, parameters = history_of(record), parameters_of(record)
    pruned = [(group.numbers, group.ys) for group in history.marks if group.kind is Kind.PRUNED]
    assert pruned == [([4], None), ([3], [9.0])]
    assert history.best_values == [1.0, 2.0, 3.0, 3.0]
    assert parameters.panels[0].medians == [2.0, None]
    assert parameters.caption.note == "the best trial in orange, bars are medians, pruned trials hollow"
    assert make_pictures(record, []).subtitle == "Search: 5 trials, 2 pruned; higher is better"


def test_a_mark_says_what_its_trial_was():
    trials = [
        TrialRecord(0, value=1.5, params={"units": 20}),
        TrialRecord(1, "FAIL", error="ValueError:\nno"),
        TrialRecord(2, "PRUNED", 0.5),
    ]
    history = history_of(StudyRecord("Search", trials=trials, best=0))
    assert [text for group in history.marks for text in group.texts] == [
        ["trial 1", "failed: ValueError: no"],
        ["trial 2", "pruned at reward 0.5"],
        ["trial 0", "reward 1.5", "units=20"],
    ]


def test_curves_come_in_the_order_of_the_runs(tmp_path):
    for number in (*range(5), *range(6, 12)):  # run 5 has reported nothing
        write_learning_curve(tmp_path / f"trial/run_{number}", [{"step": 1, "average_return": float(number)}])
    (tmp_path / "trial/run_5").mkdir()
    trial = TrialRecord(0, value=1.5, folder="trial")
    curves = load_trial_curve(trial, tmp_path)
    assert (curves.mean.values, curves.low, curves.high) == ([61 / 11], [0.0], [11.0])
    assert [curve.values for curve in curves.runs] == [[float(number)] for number in (*range(5), *range(6, 12))]


def test_the_metric_is_on_a_logarithmic_axis_only_over_three_decades():
    assert spans_decades([0.001, 5.0])
    assert not spans_decades([1.0, 999.0])
    assert not spans_decades([-1.0, 5000.0])
    assert not spans_decades([])


def test_subtitle_says_how_many_failed_and_which_direction_is_better():
    assert make_pictures(study([1.0, None]), []).subtitle == "Search: 2 trials, 1 failed; higher is better"
    assert make_pictures(study([1.0], "min"), []).subtitle == "Search: 1 trial; lower is better"


def test_panels_show_the_searched_range_and_every_choice():
    space = {"rate": {"min": 0.001, "max": 0.1, "log": True}, "units": [20, 100, 400], "fixed": [1]}
    params = [{"rate": 0.01, "units": 100, "fixed": 1}, {"rate": 0.02, "units": 20, "fixed": 1}]
    rate, units = make_panels(study([1.0, 2.0], space=space, params=params, best=0))
    assert rate.is_log
    assert rate.limits[0] < 0.001 < 0.1 < rate.limits[1]
    assert units.categories == ["20", "100", "400"]
    # The best trial comes last, to be drawn on top.
    assert [group.numbers for group in units.marks] == [[1], [0]]
    assert [round(group.xs[0]) for group in units.marks] == [0, 1]
    assert units.marks[1].texts == [["trial 0", "units=100", "reward 1"]]


def test_medians_need_three_trials():
    space, params = {"units": [20, 100]}, [{"units": 20}, {"units": 20}, {"units": 20}, {"units": 100}]
    (panel,) = make_panels(study([1.0, 5.0, 2.0, 9.0], space=space, params=params))
    assert panel.medians == [2.0, None]


def test_jitter_is_even_and_the_same_every_time():
    shifts = [jitter(number) for number in range(1000)]
    assert shifts == [jitter(number) for number in range(1000)]
    assert -0.25 <= min(shifts) < -0.24
    assert 0.24 < max(shifts) <= 0.25
    assert abs(sum(shifts)) < 1


@pytest.mark.parametrize(("panels", "columns"), [(0, 1), (1, 1), (3, 3), (4, 4), (5, 4), (6, 3), (12, 4)])
def test_panels_stand_up_to_four_side_by_side(panels, columns):
    assert num_columns(panels) == columns


def test_logarithmic_axes_have_two_to_seven_labels():
    for low, high in [(0.001, 0.005), (1e-4, 1e-2), (1e-8, 10), (16, 512), (2, 3)]:
        assert 1 <= len(log_ticks(low, high)) <= 7
    assert log_ticks(9e-5, 1.1e-2) == pytest.approx([1e-4, 1e-3, 1e-2])


def test_the_hyperparameter_that_decides_is_the_most_important(tmp_path):
    importance = importance_of(make_study(tmp_path, 60))
    assert next(iter(importance.shares)) == "learning_rate"
    assert sum(importance.shares.values()) == pytest.approx(1)
    assert set(importance.shares) == {"learning_rate", "train_iterations", "batch_size", "qnet_fc_hidden_size"}


def test_importance_says_why_it_cannot_be_told():
    space = {"a": {"min": 1, "max": 9}, "b": {"min": 1, "max": 9}}
    params = [{"a": number % 9 + 1, "b": 1} for number in range(12)]
    assert f"at least {MIN_TRIALS} finished trials; there are 2" in importance_of(study([1.0, 2.0])).caption.missing
    assert "same value" in importance_of(study([1.0] * 12, space=space, params=params)).caption.missing
    rising = [float(number) for number in range(12)]
    assert "fewer than two" in importance_of(study(rising, space={"a": space["a"]}, params=params)).caption.missing


def test_at_least_five_trials_and_at_most_half_count_as_the_best():
    assert [top_share(number) for number in (10, 20, 50, 1000)] == [0.5, 0.25, 0.1, 0.1]


def test_points_that_are_missing_or_not_finite_are_left_out():
    rows = [{"step": 1, "r": math.nan}, {"step": 2}, {"step": 3, "r": 4.0}]
    assert make_curve(rows, "r") == Curve([3.0], [4.0])


def test_the_mean_of_runs_is_taken_where_all_have_values():
    steps, values = at_common_steps([Curve([0, 10, 20], [0, 10, 20]), Curve([5, 15], [1, 3])])
    assert steps.tolist() == [5, 10, 15]
    assert values.tolist() == [[5, 10, 15], [1, 2, 3]]


def test_runs_that_never_overlap_still_give_curves():
    steps, values = at_common_steps([Curve([0, 1], [0, 0]), Curve([5, 6], [1, 1])])
    assert steps.size == 0 and values.shape == (2, 0)
