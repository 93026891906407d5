"""What stands at the bottom of a terminal."""

import io

from rich.console import Console

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.terminal.live_block import LiveBlock
from rliable.unit import Report, RunRecord


def shown(block, height=24):
    console = Console(file=io.StringIO(), width=80, height=height, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(block)
    return capture.get().splitlines()


def test_time_left_follows_from_the_trials_since_the_start():
    block = LiveBlock(total=10, num_before=4, num_finished=4)
    assert block.seconds_left(30.0) is None
    block.num_finished = 7
    assert block.seconds_left(30.0) == 30.0
    assert block.texts(30.0)[2] == "0:30, about 0:30 left"


def test_the_bar_of_a_grid_ends_with_its_configurations():
    record = StudyRecord("Search", sampler="grid", max_iters=100, search_space={"a": [1, 2, 3]})
    assert LiveBlock.of(record).total == 3


def test_a_resumed_study_with_several_seeds_tells_the_run_from_the_start():
    block = LiveBlock.of(StudyRecord("Search", trials=[TrialRecord(0, value=1.0, runs=[RunRecord(0), RunRecord(1)])]))
    block.slots.run_reported(Report(1, 0, "slot 0", 5, {}))
    assert "run 0" in shown(block)[1]


def test_the_slots_take_at_most_a_third_of_the_window():
    block = LiveBlock(total=100)
    assert len(shown(block)) == 1
    for slot in range(30):
        block.slots.run_reported(Report(slot, 0, f"slot {slot}", 10, {"average_return": 1.5}))
    lines = shown(block, height=24)
    assert len(lines) == 1 + 8
    assert lines[1].startswith("slot 0  trial 0  step 10  average return 1.5  0:0")
    assert lines[-1].startswith("and 23 more slots")
    assert max(len(line.rstrip()) for line in lines) <= 76
