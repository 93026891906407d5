"""The lines of the slots that work."""

import io

import pytest
from rich.console import Console

from rliable.report.terminal.slot_lines import WorkingSlots
from rliable.unit import Report


def report(slot=0, trial=0, run=0, step=0, **figures):
    return Report(trial, run, f"slot {slot}", step, figures)


def lines(slots, max_lines=10, width=78):
    """What a terminal of that width would show, without the clocks."""
    console = Console(file=io.StringIO(), width=width)
    content = slots.lines(max_lines)
    if content is None:
        return []
    with console.capture() as capture:
        console.print(content)
    return [line.rstrip().removesuffix("0:00").rstrip() for line in capture.get().splitlines()]


@pytest.fixture
def slots():
    return WorkingSlots()


def test_a_line_tells_slot_trial_step_and_the_latest_return(slots):
    slots.run_reported(report(1, trial=3, step=500, loss=0.5))
    slots.run_reported(report(1, trial=3, step=12_000, loss=0.25, average_return=187.42))
    assert lines(slots) == ["slot 1  trial 3  step 12,000  average return 187.4"]


def test_another_figure_stands_in_for_the_return(slots):
    slots.run_reported(report(step=5, td_loss=0.25))
    assert lines(slots) == ["slot 0  trial 0  step 5  td loss 0.25"]


def test_a_line_tells_how_long_the_run_goes_on_and_begins_anew_with_the_next(slots, monkeypatch):
    now = 100.0
    monkeypatch.setattr("rliable.report.terminal.slot_lines.time.monotonic", lambda: now)
    slots.run_reported(report(step=1))
    now = 142.0
    slots.run_reported(report(step=2))
    assert lines(slots)[0].endswith("0:42")
    slots.run_reported(report(trial=1, step=1))
    now = 145.0
    assert lines(slots)[0].endswith("0:03")


def test_the_run_is_told_once_trials_have_several(slots):
    slots.run_reported(report(0, run=0))
    assert lines(slots) == ["slot 0  trial 0  step 0"]
    slots.run_reported(report(1, run=1))
    assert lines(slots) == ["slot 0  trial 0  run 0  step 0", "slot 1  trial 0  run 1  step 0"]


def test_slots_are_in_the_order_of_their_numbers(slots):
    for slot in (10, 9, 100):
        slots.run_reported(report(slot))
    assert [line.split()[1] for line in lines(slots)] == ["9", "10", "100"]


def test_slots_for_which_there_is_no_room_are_counted(slots):
    for slot in range(14):
        slots.run_reported(report(slot))
    assert len(lines(slots, max_lines=14)) == 14
    assert lines(slots, max_lines=3)[2:] == ["and 12 more slots"]
    assert lines(slots, max_lines=0) == []


def test_a_slot_with_nothing_to_do_has_no_line(slots):
    slots.run_reported(report(0))
    slots.run_ended("slot 0")
    slots.run_ended("slot 5")
    assert lines(slots) == []


def test_a_slot_that_was_lost_goes_with_its_trial(slots):
    slots.run_reported(report(0, trial=7))
    slots.run_reported(report(1, trial=7))
    slots.run_reported(report(2, trial=8))
    slots.trial_ended(7)
    assert lines(slots) == ["slot 2  trial 8  step 0"]


def test_a_narrow_window_has_one_line_a_slot_all_the_same(slots):
    for slot in range(3):
        slots.run_reported(report(slot, step=10**9, a_figure_with_a_very_long_name_indeed=1.0))
    assert len(lines(slots, width=24)) == 3


def test_names_are_shown_as_they_are(slots):
    slots.run_reported(Report(0, 0, "slot[/x]²", 1, {"[red]loss": 1.0}))
    assert lines(slots) == ["slot[/x]²  trial 0  step 1  [red]loss 1"]
