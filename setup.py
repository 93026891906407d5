"""Installs `rliable` and `models`, and the command `rliable`. The pins and their reasons are in requirements.txt."""

from pathlib import Path

from setuptools import find_packages, setup

RUNTIME, _, _ = Path("requirements.txt").read_text(encoding="utf-8").partition("# Development:")

setup(
    name="rliable-spark",
    version="0.1.0",
    description="Hyperparameter search for reinforcement learning, on a laptop or a Spark cluster",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires="==3.11.*",
    packages=find_packages(include=["rliable", "rliable.*", "models", "models.*"]),
    install_requires=[line.partition("#")[0].strip() for line in RUNTIME.splitlines() if line.partition("#")[0].strip()],
    extras_require={"gp": ["torch==2.1.2"]},
    entry_points={"console_scripts": ["rliable = rliable.cli:main"]},
)
