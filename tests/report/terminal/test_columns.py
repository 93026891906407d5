"""The columns of the trials in a terminal."""

import pytest

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.terminal.bar import ProgressLine
from rliable.report.terminal.columns import fit_columns, split_name

SPACE = {f"hyperparameter_{number}": {"min": 0.001, "max": 0.005} for number in range(12)} | {"fixed": [1]}
RECORD = StudyRecord("Search", max_iters=20, num_slots=2, search_space=SPACE)
TRIAL = TrialRecord(3, value=1.0, params=dict.fromkeys(SPACE, 0.00123456), finished=3599.0)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_rows_and_headings_line_up_within_the_width(width):
    columns = fit_columns(RECORD, width)
    headings = [heading.plain for heading in columns.headings()]
    assert max(map(len, headings)) <= width
    assert headings[-1].index("slot") == len(columns.row(TRIAL, False).plain)
    assert len(columns.params) + len(columns.hidden) == 12


def test_names_break_after_underscores_only():
    assert split_name("qnet_fc_hidden_size", 8) == ("qnet_fc_", "hidden_", "size")
    assert split_name("unbreakable", 4) == ("unbreakable",)


def test_time_left_follows_from_the_trials_since_the_start():
    progress = ProgressLine(total=10, num_before=4, num_finished=4)
    assert progress.seconds_left(30.0) is None
    progress.num_finished = 7
    assert progress.seconds_left(30.0) == 30.0
    assert progress.texts(30.0)[2] == "0:30, about 0:30 left"
