"""A small form of `scripts/benchmark_scale.py`, whose figures are in docs/benchmarks.md."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SMALL = """
import sys
sys.path.insert(0, "scripts")
import benchmark_scale, benchmark_rows
for name, value in {sizes!r}.items():
    setattr(benchmark_scale, name, value)
benchmark_rows.publish(benchmark_scale.PARTS[{part!r}](), {path})
"""


def rows_of(tmp_path, part, **sizes):
    """What a part measures where all is smaller, by the ends of the figures' names."""
    file = tmp_path / "rows.json"
    code = SMALL.format(sizes=sizes, part=part, path=f"__import__('pathlib').Path({str(file)!r})")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return {row["name"].rpartition(": ")[2]: row["value"] for row in json.loads(file.read_text())}


def test_two_hundred_slots_that_come_at_once_all_work(tmp_path):
    rows = rows_of(tmp_path, "busy-random", NUM_SLOTS=200, TRIALS_PER_SLOT=2, TRIAL_SECONDS=2.0)

    assert rows["slots busy"] > 50
    assert rows["driver's memory at most"] < 300


@pytest.mark.spark
def test_models_and_checkpoints_that_come_at_once_take_no_memory_of_the_driver(tmp_path):
    rows = rows_of(tmp_path, "large", NUM_LARGE=4, LARGE_BYTES=60_000_000)

    assert rows["runs begun again"] == 0
    assert rows["driver's memory at most"] < 300  # a model is there once or twice, never eight times
