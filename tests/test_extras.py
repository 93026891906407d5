"""The optional packages: every extra that an error line names is there, and what is installed is what is pinned."""

import importlib.metadata
import re
from pathlib import Path

import pytest

from rliable.environments.catalogue import ABSENT, NEEDS
from rliable.extras import EXTRAS, NAMED_BY

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^(\S+)==(\S+)\s+# \[(\w+)\] \S+", re.MULTILINE)
PINS = PIN.findall((ROOT / "requirements-extras.txt").read_text())


def test_every_extra_that_is_named_is_there_and_documented():
    named, pinned = set(EXTRAS.values()), {extra for _, _, extra in PINS}
    assert named - pinned == {"sb3"}  # it does not fit beside TensorFlow; setup.py pins it
    assert '"sb3": [' in (ROOT / "setup.py").read_text()
    text = (ROOT / "docs/environments.md").read_text()
    assert {extra for extra in pinned if f"`[{extra}]`" not in text} == set()


def test_every_line_has_a_pin_an_extra_and_a_reason():
    lines = (ROOT / "requirements-extras.txt").read_text().splitlines()
    assert len(PINS) == len([line for line in lines if line and not line.startswith("#")])


@pytest.mark.agents
@pytest.mark.parametrize(("package", "version", "_"), PINS)
def test_what_is_pinned_is_installed_so_that_no_test_is_skipped(package, version, _):
    assert importlib.metadata.version(package) == version


def test_what_tells_a_missing_package_by_an_environments_name_knows_its_extra():
    added = {package for packages in ABSENT.values() for package in packages}
    assert set(NAMED_BY) == added and added <= set(EXTRAS)
    assert {needed for needed in NEEDS.values() if needed not in EXTRAS} == {"jax", "mujoco_py"}
