"""What a study ran on: versions, commit, machine. Recorded with it, so that it can be run again."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import rliable

PACKAGES = ("tensorflow", "tf-agents", "gym", "numpy", "optuna", "pyspark", "scipy", "stable-baselines3", "torch")


def package_versions() -> dict[str, str]:
    """The versions of Python and of the packages that a result depends on; those not installed are left out."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def git_commit() -> str | None:
    """The commit of our source tree, with "+changes" when files differ from it; None where it is installed or copied.

    The repository that surrounds an installed package is somebody else's.
    """
    root = Path(rliable.__file__).resolve().parents[1]
    try:
        if Path(run_git(root, "rev-parse", "--show-toplevel")).resolve() != root:
            return None
        commit = run_git(root, "rev-parse", "HEAD")
        return commit + ("+changes" if run_git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def run_git(root: Path, *arguments: str) -> str:
    """The output of a git command in the source tree."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def machine() -> dict[str, str | int]:
    """The processor's kind and number of cores, and the operating system."""
    return {"processor": platform.machine(), "cores": os.cpu_count() or 1, "system": platform.system()}
