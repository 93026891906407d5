"""What is made from the journal for people and programs."""

import csv
import math

import pytest

from rliable.records.folders import StudyFolder
from rliable.records.results import StudyRecord, TrialRecord, load_record
from rliable.records.views import Views, load_finished, mend_trials, write_trial
from rliable.unit import RunRecord
from tests.file_size import FileSizeLimit

TRIALS = [
    TrialRecord(0, value=0.1 + 0.2, params={"x": 1}, metrics={"score": 0.1 + 0.2, "loss": math.nan}),
    TrialRecord(1, "FAIL", params={"x": 2}, error="ValueError: no"),
    TrialRecord(2, "PRUNED", params={"x": [3, 4]}, runs=[RunRecord(seed=5, slot="1", is_stopped=True)]),
]


@pytest.fixture
def folder(tmp_path):
    return StudyFolder(tmp_path)


def test_every_state_has_its_row(folder):
    Views(folder).write(StudyRecord("Search", trials=TRIALS))
    rows = list(csv.DictReader(folder.trials_csv.open()))
    assert [(row["number"], row["state"], row["value"], row["x"], row["slots"], row["error"]) for row in rows] == [
        ("0", "COMPLETE", "0.30000000000000004", "1", "", ""),
        ("1", "FAIL", "", "2", "", "ValueError: no"),
        ("2", "PRUNED", "", "[3, 4]", "1", ""),
    ]


def test_results_hold_a_trial_on_each_line(folder):
    Views(folder).write(StudyRecord("Search", trials=TRIALS))
    lines = folder.results_json.read_text().splitlines()
    assert lines[1] == '  "format": 2,'
    assert [line[:16] for line in lines if "number" in line] == [f'    {{"number": {number}' for number in range(3)]
    assert load_record(folder.path).trials[0].value == 0.1 + 0.2


def test_files_rest_nineteen_times_as_long_as_they_took(folder):
    views = Views(folder)
    assert views.are_due
    views.write(StudyRecord("Search", trials=TRIALS * 1000))
    assert not views.are_due


@pytest.mark.parametrize("damage", ["", "{", '{"number": 0}', '{"format": 99}', None])
def test_a_trial_whose_file_is_damaged_or_gone_is_written_again(folder, damage):
    for trial in TRIALS:
        write_trial(folder, trial)
    file, other = folder.trial_json(0), folder.trial_json(1)
    before, time_before = file.read_bytes(), other.stat().st_mtime_ns
    if damage is None:
        file.unlink()
    else:
        file.write_text(damage)
    mend_trials(folder, TRIALS)
    assert file.read_bytes() == before
    assert other.stat().st_mtime_ns == time_before


def test_a_finished_study_is_known_by_its_files(folder):
    record = StudyRecord("Search", status="finished", trials=TRIALS)
    assert load_finished(folder, TRIALS) is None
    Views(folder).write(record)
    found = load_finished(folder, TRIALS)
    assert found is not None
    assert found.trials[1:] == TRIALS[1:]
    assert load_finished(folder, TRIALS[:2]) is None
    folder.trials_csv.write_text("number\n")
    assert load_finished(folder, TRIALS) is None
    Views(folder).write(StudyRecord("Search", status="interrupted", trials=TRIALS))
    assert load_finished(folder, TRIALS) is None


def test_results_are_written_over_where_no_file_can_stand_beside_them(folder):
    views = Views(folder)
    views.write(StudyRecord("Search", trials=TRIALS))
    views.write_over(StudyRecord("Search", status="interrupted", trials=TRIALS))
    assert load_record(folder.path).status == "interrupted"
    assert folder.trials_csv.read_text() == ""


def test_results_that_cannot_be_written_over_stay_as_they_were(folder):
    views, trials = Views(folder), TRIALS * 100
    views.write(StudyRecord("Search", trials=TRIALS))
    before = folder.results_json.read_bytes()
    with pytest.raises(OSError, match="File too large"), FileSizeLimit(len(before)):
        views.write_over(StudyRecord("Search", trials=trials))
    assert folder.results_json.read_bytes() == before
