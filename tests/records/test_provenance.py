"""What a study ran on."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rliable

PACKAGE = Path(rliable.__file__).parent
CODE = "from rliable.records.provenance import git_commit; print(git_commit())"


def git(folder, *arguments):
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit, and its commit."""
    git(tmp_path, "init")
    (tmp_path / "thesis.txt").write_text("mine")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "Begin")
    return tmp_path, git(tmp_path, "rev-parse", "HEAD").strip()


def commit_seen_from(folder):
    """The commit that the package says it is at when it lies in a folder."""
    shutil.copytree(PACKAGE, folder / "rliable", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-c", f"import sys; sys.path[0] = {str(folder)!r}; {CODE}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout.strip()


def test_commit_is_that_of_our_own_source_tree(repository):
    folder, commit = repository
    assert commit_seen_from(folder) == commit


@pytest.mark.parametrize("place", ["libraries", "env/lib/python3.11/site-packages"])
def test_repository_that_surrounds_the_installed_package_is_somebody_elses(repository, place):
    folder, _ = repository
    (folder / place).mkdir(parents=True)
    assert commit_seen_from(folder / place) == "None"
