"""Marks the tests that start Spark, train an agent or run whole studies; `make test-fast` leaves them out.

Where the packages of our agents or PySpark are not installed, what needs them is left out, and the first lines say so:
`make test-search` runs the rest with another Python.

A job in the background is started with Ctrl-C ignored, and so would be all that the tests start and interrupt.
"""

import importlib.util
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
    "test_faults.py",
    "test_modes.py",
    "test_modes_of_agents.py",
    "test_pack_environment.py",
    "test_slurm.py",
    "training/",
)
#: What needs more than the search does, besides single tests with the marks `agents` and `spark`.
NEEDS = {
    "agents": (
        "cli/test_environment_kwargs.py",
        "cli/test_environments_command.py",
        "cli/test_train_evaluate.py",
        "cli/test_video.py",
        "config/test_wrappers.py",
        "contracts/",
        "environments/",
        "executors/test_environment_workers.py",
        "models/test_agent_contract.py",
        "models/test_c51.py",
        "models/test_continuous_knobs.py",
        "models/test_ddpg.py",
        "models/test_dqn",
        "models/test_image_agents.py",
        "models/test_ppo.py",
        "models/test_reinforce.py",
        "models/test_sac.py",
        "models/test_td3.py",
        "records/test_old_studies.py",
        "report/test_film.py",
        "test_docs.py",
        "test_modes.py",
        "test_modes_of_agents.py",
        "training/",
    ),
    "spark": ("cli/test_parallel.py", "executors/spark/", "test_pack_environment.py", "test_slurm.py"),
}
PACKAGES = {"agents": "tensorflow", "spark": "pyspark"}
MISSING = [need for need, package in PACKAGES.items() if importlib.util.find_spec(package) is None]


def place_of(path):
    """A path below this folder, as the tables above write it."""
    return path.relative_to(HERE).as_posix()


def pytest_ignore_collect(collection_path):
    is_file = collection_path.suffix == ".py"
    return True if is_file and any(place_of(collection_path).startswith(NEEDS[need]) for need in MISSING) else None


def pytest_report_header():
    return [f"without {PACKAGES[need]}: what needs it is left out" for need in MISSING]


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if any(item.get_closest_marker(need) for need in MISSING)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    for item in items:
        if place_of(item.path).startswith(SLOW):
            item.add_marker(pytest.mark.slow)
