"""What a record says, in words."""

import subprocess
import sys

import pytest

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report import facts
from rliable.unit import RunRecord

THREE = {"a": [1, 2, 3], "fixed": 4}
ENDLESS = {"a": {"min": 0.0, "max": 1.0}}


@pytest.mark.parametrize(
    ("sampler", "max_iters", "space", "text"),
    [
        ("grid", 100, THREE, "3 (all configurations of the grid), sampler grid"),
        ("grid", 3, THREE, "3 (all configurations of the grid), sampler grid"),
        ("grid", 2, THREE, "2, sampler grid"),
        ("grid", 100, ENDLESS, "100, sampler grid"),
        ("random", 100, THREE, "100, sampler random"),
        ("no.such:Sampler", 100, THREE, "100, sampler no.such:Sampler"),
    ],
)
def test_a_grid_runs_no_more_trials_than_it_has_configurations(sampler, max_iters, space, text):
    record = StudyRecord("Search", sampler=sampler, max_iters=max_iters, search_space=space)
    assert facts.planned_text(record) == text
    assert facts.num_planned(record) == int(text.split()[0].strip(","))


def test_given_trials_come_before_the_grid_and_are_counted():
    record = StudyRecord("test", sampler="grid", max_iters=100, num_given=2, search_space=THREE)
    assert facts.planned_text(record) == "5 (2 given, all configurations of the grid), sampler grid"


def test_finished_pruned_and_failed_trials_are_counted_apart():
    trials = [TrialRecord(0, value=1.0), TrialRecord(1, "PRUNED", 0.5), TrialRecord(2, "FAIL")]
    assert facts.counts_text(StudyRecord("Search", trials=trials)) == "1 finished, 1 pruned, 1 failed"
    assert facts.counts_text(StudyRecord("Search", trials=trials[:1])) == "1 finished"


def test_a_pruned_trial_is_told_with_what_it_had_reached():
    assert facts.result_text(TrialRecord(1, "PRUNED", 0.5), "reward") == "pruned at reward 0.5"
    assert facts.result_text(TrialRecord(1, "PRUNED"), "reward") == "pruned"


def test_hosts_are_named_where_there_are_several():
    runs = [RunRecord(host=f"node{number}") for number in range(6)]
    assert facts.hosts_text(StudyRecord("Search", trials=[TrialRecord(0, runs=runs[:1])])) == ""
    assert facts.hosts_text(StudyRecord("Search", trials=[TrialRecord(0, runs=runs[:2])])) == "node0, node1"
    text = facts.hosts_text(StudyRecord("Search", trials=[TrialRecord(0, runs=runs)]))
    assert text == "node0, node1, node2, node3 and 2 more"


def test_the_average_return_leads_and_else_the_first_figure():
    assert facts.leading_figure(["loss", "average_return"]) == "average_return"
    assert facts.leading_figure(["loss", "entropy"]) == "loss"
    assert facts.leading_figure([]) == "average_return"


def test_counting_a_grid_imports_nothing_heavy():
    program = (
        "import sys; from rliable.report.facts import num_planned; from rliable.records.results import StudyRecord\n"
        "num_planned(StudyRecord('a', sampler='grid', search_space={'a': [1, 2]}))\n"
        "sys.exit(str({'tensorflow', 'pyspark', 'optuna', 'matplotlib', 'plotly'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == ""


def test_slots_are_counted_by_machine_as_soon_as_they_have_come():
    record = StudyRecord("Search", mode="level 1", num_slots=4, hosts={"node2": 1, "node1": 2})

    assert facts.mode_text(record) == "level 1, 3 of 4 slots of 1 core"
    assert facts.hosts_text(record) == "node1 (2 slots), node2 (1 slot)"
    assert (
        facts.mode_text(StudyRecord("Search", mode="level 1", num_slots=0)) == "level 1, slots of 1 core as they come"
    )
