"""The record of a study."""

import json
import math
import subprocess
import sys

import pytest

from rliable.cli import main
from rliable.records.encoding import as_json
from rliable.records.results import StudyRecord, TrialRecord, load_record
from rliable.schema import ConfigError
from rliable.unit import EpisodeSlice, RunRecord


def trial(number, value):
    return TrialRecord(number, "COMPLETE" if value is not None else "FAIL", value)


def test_a_record_comes_back_from_its_file(tmp_path):
    run = RunRecord(0, 5, {"reward": 1.5}, 20, "1", 42, slices=[EpisodeSlice(0, 10, "1", 42)])
    record = StudyRecord(
        "Search", search_space={"a": {"min": 1, "max": 2.5}}, trials=[TrialRecord(0, value=1.5, runs=[run])]
    )
    (tmp_path / "results.json").write_text(json.dumps(as_json(record)))
    assert load_record(tmp_path) == load_record(tmp_path / "results.json") == record


def test_nan_and_infinity_are_null_in_json():
    record = TrialRecord(0, value=math.nan, metrics={"reward": math.inf, "mse": 1.0}, params={"sizes": (64, math.nan)})
    data = as_json(record)
    assert data["value"] is None
    assert data["metrics"] == {"reward": None, "mse": 1.0}
    assert data["params"] == {"sizes": [64, None]}


def test_keys_of_later_versions_are_left_out(tmp_path):
    data = {"optim_name": "Search", "later": 1, "trials": [{"number": 0, "later": 2, "runs": [{"run": 0, "later": 3}]}]}
    (tmp_path / "results.json").write_text(json.dumps(data))
    assert load_record(tmp_path).trials[0].runs == [RunRecord(0)]


def test_a_study_varies_what_leaves_a_choice():
    space = {"a": {"min": 1, "max": 4}, "b": [200], "c": 3, "d": [[1, 2]], "e": {"min": 2, "max": 2}, "f": ["x", "y"]}
    trials = [TrialRecord(0, params={"g": 1}), TrialRecord(1, "FAIL", params={"h": 2})]
    assert StudyRecord("Search", search_space=space, trials=trials).varied_names() == ["a", "f"]
    assert StudyRecord("Search", trials=trials).varied_names() == ["g", "h"]


def test_what_is_no_search_space_in_a_record_is_left_out():
    space = {"a": "int 1..4", "b": {"min": 1}, "c": [], "d": [True, False]}
    assert list(StudyRecord("Search", search_space=space).space.varied) == ["d"]


def test_another_json_file_is_refused_by_name(tmp_path):
    (tmp_path / "results.json").write_text("[1]")
    with pytest.raises(ConfigError, match=r"results\.json: not the record of a study"):
        load_record(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        '{"optim_name": "Search", "trials": 3}',
        '{"optim_name": "Search", "trials": [{"number": 0, "metrics": null}]}',
        '{"optim_name": "Search", "trials": [{"state": "COMPLETE"}]}',
        '{"format": 3, "optim_name": "Search"}',
    ],
)
def test_a_damaged_record_is_not_plotted_but_refused_in_one_line(tmp_path, content, capsys):
    (tmp_path / "results.json").write_text(content)
    assert main(["plot", str(tmp_path)]) == 2
    output = capsys.readouterr()
    assert output.err.startswith(f"error: {tmp_path / 'results.json'}: ")
    assert output.err.count("\n") == 1
    assert output.out == ""


@pytest.mark.parametrize(("criteria", "order"), [("max", [2, 0, 1]), ("min", [1, 0, 2])])
def test_failed_trials_and_nan_are_not_ranked_and_ties_keep_their_order(criteria, order):
    trials = [trial(0, 2.0), trial(1, 1.0), trial(2, 3.0), trial(3, None), trial(4, math.nan)]
    record = StudyRecord("Search", criteria=criteria, trials=trials)
    assert [ranked.number for ranked in record.ranked()] == order
    assert [failed.number for failed in record.failed()] == [3, 4]
    ties = StudyRecord("Search", criteria=criteria, trials=[trial(0, 1.0), trial(1, 1.0)])
    assert [ranked.number for ranked in ties.ranked()] == [0, 1]


def test_record_terminal_and_plots_import_nothing_heavy():
    program = (
        "import sys, rliable.records.results, rliable.report.terminal, rliable.report.plots;"
        "heavy = {'tensorflow', 'pyspark', 'optuna', 'matplotlib', 'plotly', 'numpy'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
