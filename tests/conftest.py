"""Marks the tests that start Spark, train an agent or run whole studies; `make test-fast` leaves them out.

A job in the background is started with Ctrl-C ignored, and so would be all that the tests start and interrupt.
"""

import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
#: What is slow, by the beginning of its path.
SLOW = (
    "cli/",
    "environments/",
    "executors/spark/",
    "executors/test_checkpoints.py",
    "executors/test_executor_contract.py",
    "models/",
    "records/test_code.py",
    "records/test_old_studies.py",
    "test_docs.py",
    "test_modes.py",
    "test_modes_of_agents.py",
    "training/",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.relative_to(HERE).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)
