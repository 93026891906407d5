"""Installs `rliable` and `models`, and the command `rliable`.

The pins and their reasons are in requirements.txt and requirements-extras.txt.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

RUNTIME = Path("requirements.txt").read_text(encoding="utf-8").partition("# Development:")[0]
PINS = [line.partition("#")[0].strip() for line in RUNTIME.splitlines()]


def read_extras():
    """The optional packages: extra -> its pins."""
    lines = Path("requirements-extras.txt").read_text(encoding="utf-8").splitlines()
    found = re.findall(r"^([^#\s]\S*)\s+# \[(\w+)\]", "\n".join(lines), re.MULTILINE)
    extras = {name: [pin for pin, extra in found if extra in (name, "gymnasium")] for _, name in found}
    return extras | {"gp": ["torch==2.1.2"], "sb3": ["stable-baselines3==2.9.2", "sb3-contrib==2.9.2"]}


setup(
    name="rliable-spark",
    version="0.1.0",
    description="Hyperparameter search for reinforcement learning, on a laptop or a Spark cluster",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires="==3.11.*",
    packages=find_packages(include=["rliable", "rliable.*", "models", "models.*"]),
    package_data={"rliable.report.plots": ["page.html"]},
    install_requires=[pin for pin in PINS if pin],
    extras_require=read_extras(),
    entry_points={"console_scripts": ["rliable = rliable.cli:main"]},
)
