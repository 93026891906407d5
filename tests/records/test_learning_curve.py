"""Learning curves on disk."""

import math
import subprocess
import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rliable.records import learning_curve

ROWS = [
    {"step": 100, "average_return": 21.5},
    {"step": 200, "average_return": 1 / 3, "loss": 0.25},
    {"step": 300, "loss": math.nan, "debug/q_mean": 7.0},
]


def test_rows_come_back_from_the_csv_as_they_were(tmp_path):
    learning_curve.write_learning_curve(tmp_path / "trials" / "run_0", ROWS)
    back = learning_curve.read_learning_curve(tmp_path / "trials" / "run_0")
    assert back[:2] == ROWS[:2]
    assert math.isnan(back[2].pop("loss"))
    assert back[2] == {"step": 300, "debug/q_mean": 7.0}


def test_csv_columns_are_the_step_and_then_keys_in_the_order_of_appearance(tmp_path):
    csv_file, _ = learning_curve.write_learning_curve(tmp_path, [{"b": 1.0, "step": 1}, {"step": 2, "a": 2.0}])
    assert csv_file.read_text().splitlines() == ["step,b,a", "1,1.0,", "2,,2.0"]


def test_tensorboard_reads_the_events_over_environment_steps(tmp_path):
    learning_curve.write_learning_curve(tmp_path, ROWS)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["scalars"]) == {"charts/average_return", "losses/loss", "debug/q_mean"}
    curve = [(event.step, event.value) for event in events.Scalars("charts/average_return")]
    assert curve == [(100, 21.5), (200, pytest.approx(1 / 3))]


def test_writing_again_replaces_the_curve(tmp_path):
    learning_curve.write_learning_curve(tmp_path, ROWS)
    learning_curve.write_learning_curve(tmp_path, ROWS[:1])
    assert len(list(tmp_path.iterdir())) == 2
    assert learning_curve.read_learning_curve(tmp_path / "learning_curve.csv") == ROWS[:1]
    assert len(EventAccumulator(str(tmp_path)).Reload().Scalars("charts/average_return")) == 1


def test_a_run_without_reports_leaves_readable_empty_files(tmp_path):
    learning_curve.write_learning_curve(tmp_path, [])
    assert learning_curve.read_learning_curve(tmp_path) == []
    assert EventAccumulator(str(tmp_path)).Reload().Tags()["scalars"] == []


def test_tensorflow_is_not_imported(tmp_path):
    program = (
        "import sys; from rliable.records.learning_curve import write_learning_curve as write;"
        f"write({str(tmp_path)!r}, [{{'step': 1, 'loss': 2.0}}]); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
