"""The columns of the trials in a terminal."""

import dataclasses

import pytest

from rliable.records.results import StudyRecord, TrialRecord
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


def test_a_pruned_trial_is_dim_and_not_red():
    trial = dataclasses.replace(TRIAL, state="PRUNED", value=0.5)
    row = fit_columns(RECORD, 80).row(trial, False)
    assert row.style == "dim"
    assert row.plain.startswith("    3  pruned at reward 0.5  hyperparameter_0=0.001235")
    assert (
        fit_columns(RECORD, 80)
        .row(dataclasses.replace(trial, value=None), False)
        .plain.startswith("    3  pruned  hyp")
    )
