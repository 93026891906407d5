"""Marks the tests that start Spark, train an agent or run whole studies; `make test-fast` leaves them out."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
#: What is slow, by the beginning of its path.
SLOW = (
    "cli/",
    "environments/",
    "executors/spark/",
    "executors/test_executor_contract.py",
    "models/",
    "records/test_code.py",
    "records/test_old_studies.py",
    "test_docs.py",
    "test_modes.py",
    "training/",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.relative_to(HERE).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)
