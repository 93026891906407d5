"""Some of the rounds of `make faults`, which plays hundreds: docs/reliability.md."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: A journal torn after Ctrl-C, a search whose driver and computing process are killed, a full disk.
ROUNDS = [139, 36, 21]


@pytest.mark.spark
def test_studies_that_are_struck_come_to_the_same_end():
    command = [sys.executable, "scripts/fault_injection.py", "--only", *map(str, ROUNDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [f"round {number}" for number in ROUNDS]
