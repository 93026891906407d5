"""How studies stand, seen from another terminal."""

import dataclasses
import io
import json
from pathlib import Path

import pytest
from example_records import GOOD

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.terminal.status_report import FoundStudy, status_as_json, write_status

TRIALS = [
    dataclasses.replace(GOOD, number=0, started=100.0, finished=110.0),
    dataclasses.replace(GOOD, number=1, value=190.0, started=110.0, finished=120.0),
    TrialRecord(2, "PRUNED", 50.0, started=120.0, finished=125.0),
    TrialRecord(3, "FAIL", error="no", started=125.0, finished=140.0),
]
RUNNING = StudyRecord("Search[/x]", max_iters=20, num_slots=2, started=100.0, best=1, trials=TRIALS)
ENDED = dataclasses.replace(RUNNING, status="finished", finished=150.0, stop_reason="converged at trial 3")


def found(record=RUNNING, is_alive=True, now=200.0, folder="runs/a[/y]"):
    return FoundStudy(Path(folder), record, is_alive, now)


def written(*studies):
    stream = io.StringIO()
    write_status(studies, stream)
    return stream.getvalue()


def test_one_study_is_told_in_lines():
    assert written(found()).splitlines() == [
        "Search[/x]",
        "  state        running",
        "  trials       4 of 20: 2 finished, 1 pruned, 1 failed",
        "  best         trial 1: reward 190",
        "  time         1 min 40 s, about 80.0 s left",
        "  last result  60.0 s ago",
        "  study        runs/a[/y]",
    ]


def test_several_studies_are_a_table_with_a_row_each():
    head, first, second = written(found(), found(ENDED, is_alive=False, folder="runs/b")).splitlines()
    names = ["study", "state", "trials", "pruned", "failed", "best", "trial", "time", "left", "last", "result"]
    assert head.split() == names
    assert " ".join(first.split()) == "runs/a[/y] running 4/20 1 1 190 1 1 min 40 s 80.0 s 60.0 s"
    assert " ".join(second.split()) == "runs/b finished 4/20 1 1 190 1 50.0 s - 60.0 s"


@pytest.mark.parametrize(
    ("record", "is_alive", "state"),
    [
        (RUNNING, True, "running"),
        (RUNNING, None, "running, as far as its record tells"),
        (RUNNING, False, "interrupted: its process is gone"),
        (ENDED, False, "finished: converged at trial 3"),
        (dataclasses.replace(ENDED, status="interrupted", stop_reason="interrupted"), False, "interrupted"),
    ],
)
def test_a_study_that_was_killed_is_interrupted_whatever_its_record_says(record, is_alive, state):
    assert written(found(record, is_alive)).splitlines()[1] == f"  state        {state}"


def test_only_a_running_study_has_time_left():
    assert found().seconds_left == pytest.approx(16 / 2 * 10.0)
    assert found(is_alive=False).seconds_left is None
    assert found(ENDED).seconds_left is None
    last = dataclasses.replace(RUNNING, max_iters=5)
    assert found(last).seconds_left == pytest.approx(10.0)


def test_a_study_that_was_killed_took_its_time_until_its_last_result():
    assert found(is_alive=False).seconds == 40.0
    assert found(ENDED).seconds == 50.0


def test_a_study_without_results_has_nothing_to_tell_yet():
    text = written(found(StudyRecord("new", max_iters=3, started=195.0)))
    assert "0 of 3: 0 finished" in text
    assert text.count("none yet") == 2
    assert " left" not in text


def test_status_as_json_holds_numbers():
    facts = status_as_json(found())
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["status"] == "running"
    assert facts["best"] == {"number": 1, "value": 190.0}
    assert [facts[name] for name in ("num_planned", "num_trials", "num_pruned", "num_failed")] == [20, 4, 1, 1]
    assert [facts[name] for name in ("seconds", "seconds_since_result")] == [100.0, 60.0]
    assert status_as_json(found(StudyRecord("new"), None))["best"] is None
