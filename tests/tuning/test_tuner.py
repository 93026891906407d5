"""The search loop, run for real in this process."""

import csv
import json

import pytest

from rliable.records.results import load_record
from rliable.report.facts import goal_text
from rliable.tuning.journal import Journal
from tests.studies import make_study
from tests.tuning.searches import Diary, model, search


def test_runs_exactly_max_iters_trials_and_finds_the_best(tmp_path):
    record = search(make_study({"x": [3, 1, 5, 2]}, model(), sampler="grid", max_iters=4), tmp_path)
    assert [(trial.params["x"], trial.value) for trial in record.trials] == [(3, 3), (1, 1), (5, 5), (2, 2)]
    assert record.best == 2
    assert record.stop_reason == "max_iters reached: 4 trials"
    assert (tmp_path / "best").resolve() == (tmp_path / "trials/0002").resolve()


def test_minimising_picks_the_lowest(tmp_path):
    study = make_study({"x": [3, 1, 5]}, model(), sampler="grid", criteria="min", max_iters=3)
    assert search(study, tmp_path).best == 1


def test_last_trial_counts_for_the_best_when_it_converges(tmp_path):
    study = make_study({"x": [3.0, 1.0, 3.005]}, model(), sampler="grid", convergence=0.01, patience=2, max_iters=9)
    record = search(study, tmp_path)
    assert record.stop_reason.startswith("converged at trial 2: the best value improved by no more than 0.01")
    assert record.best == 2


def test_failed_trial_does_not_stop_the_search_and_ranks_below_all(tmp_path):
    study = make_study({"x": [-5, 9, 8]}, model(bad=[9], undefined=[8]), sampler="grid", max_iters=3)
    record = search(study, tmp_path)
    assert [trial.state for trial in record.trials] == ["COMPLETE", "FAIL", "FAIL"]
    assert [trial.error for trial in record.trials[1:]] == ["ValueError: x = 9 is bad", "metric 'score' is nan"]
    assert record.best == 0
    assert "Traceback" in (tmp_path / "trials/0001/run_0/error.txt").read_text()


def test_metric_that_the_model_does_not_report_fails_the_trial_with_the_list(tmp_path):
    record = search(make_study({"x": [1, 2]}, model(), metric="reward", max_iters=1), tmp_path)
    assert record.trials[0].error == "the model reported no metric 'reward'; it reported: cost, score"


def test_metric_is_the_mean_over_the_seeds_of_a_trial(tmp_path):
    study = make_study({"x": [1.0, 2.0]}, model(noise=1.0), seeds_per_trial=3, max_iters=1)
    (trial,) = search(study, tmp_path).trials
    assert len({run.seed for run in trial.runs}) == 3
    assert trial.value == pytest.approx(sum(run.metrics["score"] for run in trial.runs) / 3)
    seeds = {(tmp_path / f"trials/0000/run_{k}/model/score.txt").read_text() for k in range(3)}
    assert seeds == {str(run.seed) for run in trial.runs}


def test_a_study_may_look_at_the_worst_run_of_each_trial(tmp_path):
    keys = {"seeds_per_trial": 3, "max_iters": 2, "over_seeds": "min", "criteria": "min"}
    record = search(make_study({"x": [1.0, 1.5]}, model(noise=1.0), **keys), tmp_path)
    worst = [max(run.metrics["score"] for run in trial.runs) for trial in record.trials]
    assert [trial.value for trial in record.trials] == worst
    assert record.best_trial.value == min(worst)
    assert goal_text(load_record(tmp_path)) == "minimise score (worst over seeds)"


def test_hyperparameters_outside_the_grid_keep_their_values(tmp_path):
    study = make_study({"x": [1, 2], "noise": [0.0]}, model(noise=5.0, seconds=0), max_iters=1)
    (trial,) = search(study, tmp_path).trials
    assert trial.hp_params == {"noise": 0.0, "seconds": 0, "x": trial.params["x"]}


def test_resume_after_ctrl_c_gives_what_an_uninterrupted_study_gives(tmp_path):
    study = make_study({"x": {"min": 0.0, "max": 1.0}}, model(noise=0.1), max_iters=6)
    whole = search(study, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        search(study, tmp_path / "cut", listener=Diary(stop_after=2))
    assert load_record(tmp_path / "cut").status == "interrupted"
    resumed = search(study, tmp_path / "cut")
    assert [(t.params, t.metrics) for t in resumed.trials] == [(t.params, t.metrics) for t in whole.trials]
    assert (resumed.best, resumed.stop_reason) == (whole.best, whole.stop_reason)


def test_resume_repeats_no_finished_run(tmp_path):
    diary = tmp_path / "diary.txt"
    study = make_study({"x": [1, 2, 3, 4]}, model(diary=str(diary)), sampler="grid", seeds_per_trial=2, max_iters=4)
    with pytest.raises(KeyboardInterrupt):
        search(study, tmp_path / "study", listener=Diary(stop_after=2))
    search(study, tmp_path / "study")
    lines = diary.read_text().split("\n")[:-1]
    assert len(lines) == len(set(lines)) == 8


def test_resume_of_a_finished_study_runs_nothing(tmp_path):
    study = make_study({"x": [1, 2, 3]}, model(), max_iters=3)
    first = search(study, tmp_path)
    listener = Diary()
    assert search(study, tmp_path, listener=listener).trials == first.trials
    assert listener.trials == []


def test_resume_with_more_trials_goes_on_with_the_next_number(tmp_path):
    grid = {"x": {"min": 0.0, "max": 1.0}}
    search(make_study(grid, model(), max_iters=2), tmp_path / "a")
    extended = search(make_study(grid, model(), max_iters=4), tmp_path / "a")
    whole = search(make_study(grid, model(), max_iters=4), tmp_path / "b")
    assert [trial.params for trial in extended.trials] == [trial.params for trial in whole.trials]


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_samplers_that_learn_choose_the_same_on_resume(tmp_path, sampler):
    grid = {"x": {"min": 0.0, "max": 1.0}, "noise": {"min": 0.0, "max": 1.0}}
    study = make_study(grid, model(), sampler=sampler, max_iters=16)
    whole = search(study, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        search(study, tmp_path / "cut", listener=Diary(stop_after=13))
    assert [t.params for t in search(study, tmp_path / "cut").trials] == [t.params for t in whole.trials]


def test_model_that_catches_ctrl_c_stops_the_search_all_the_same(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        search(make_study({"x": [1, 2, 3]}, model(ignores_interrupts=True), sampler="grid", max_iters=3), tmp_path)
    assert load_record(tmp_path).trials == []  # a run that was cut short is no result


def test_what_a_crash_left_of_a_run_is_gone_after_its_repetition(tmp_path):
    (tmp_path / "trials/0000/run_0").mkdir(parents=True)
    (tmp_path / "trials/0000/run_0/error.txt").write_text("old")
    search(make_study({"x": [1, 2]}, model(), max_iters=1), tmp_path)
    assert not (tmp_path / "trials/0000/run_0/error.txt").exists()


def test_torn_journal_line_is_dropped(tmp_path):
    study = make_study({"x": {"min": 0.0, "max": 1.0}, "noise": [0.1, 0.2]}, model(), max_iters=4)
    whole = search(study, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        search(study, tmp_path / "cut", listener=Diary(stop_after=3))
    journal = tmp_path / "cut" / "journal.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]) + lines[-2][: len(lines[-2]) // 2])
    assert [t.metrics for t in search(study, tmp_path / "cut").trials] == [t.metrics for t in whole.trials]


@pytest.mark.parametrize("num_kept", range(0, 21))
def test_study_cut_off_after_any_journal_line_ends_the_same(tmp_path, num_kept):
    study = make_study({"x": {"min": 0.0, "max": 1.0}, "noise": [0.1, 0.2]}, model(), seeds_per_trial=2, max_iters=3)
    whole = search(study, tmp_path)
    journal = tmp_path / "journal.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == 21
    journal.write_bytes(b"".join(lines[:num_kept]))
    assert [(t.params, t.metrics) for t in search(study, tmp_path).trials] == [
        (t.params, t.metrics) for t in whole.trials
    ]


def test_trial_left_open_beyond_convergence_is_not_run_on_resume(tmp_path):
    study = make_study({"x": [3.0, 3.0001, 9.0]}, model(), sampler="grid", convergence=0.01, patience=1, max_iters=3)
    first = search(study, tmp_path)
    Journal(tmp_path / "journal.log", study, 1).ask(2)
    second = search(study, tmp_path)
    assert (second.trials, second.best, second.stop_reason) == (first.trials, first.best, first.stop_reason)
    assert len(first.trials) == 2


def test_results_and_csv_hold_every_trial(tmp_path):
    search(make_study({"x": [1, 2, 3]}, model(bad=[2]), sampler="grid", max_iters=3), tmp_path)
    assert len(json.loads((tmp_path / "results.json").read_text())["trials"]) == 3
    rows = list(csv.DictReader((tmp_path / "trials.csv").open()))
    assert [(row["number"], row["state"], row["x"], row["score"]) for row in rows] == [
        ("0", "COMPLETE", "1", "1.0"),
        ("1", "FAIL", "2", ""),
        ("2", "COMPLETE", "3", "3.0"),
    ]
