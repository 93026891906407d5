"""The lock of a study's folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from rliable.records.folders import StudyFolder
from rliable.schema import ConfigError

ROOT = Path(__file__).parents[2]


def test_a_folder_whose_lock_is_held_is_refused(tmp_path):
    first = StudyFolder(tmp_path / "out")
    first.create()
    with pytest.raises(ConfigError, match=r"a search \(process \d+\) is writing to this folder"):
        StudyFolder(tmp_path / "out").create()
    first.lock.release()


@pytest.mark.parametrize("command", [["optimize", "--help"], ["train", "--help"], ["evaluate", "--help"]])
def test_a_system_without_fcntl_is_refused_in_one_line(command):
    program = f"import sys; sys.modules['fcntl'] = None; from rliable.cli import main; sys.exit(main({command!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "error: RLiable runs on Linux and macOS; on Windows it runs in WSL (wsl --install)\n"
