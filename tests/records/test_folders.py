"""The study folder: who may write there, and what is made of one that was hardly begun."""

import subprocess
import sys
from pathlib import Path

import pytest

from rliable.records.folders import StudyFolder, StudyFolderError, run_folders, study_files_at
from rliable.schema import ConfigError

ROOT = Path(__file__).parents[2]


def test_runs_come_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 2, 0, 1, 11):
        (tmp_path / f"run_{number}").mkdir()
    assert [run.path.name for run in run_folders(tmp_path)] == ["run_0", "run_1", "run_2", "run_10", "run_11"]


@pytest.mark.parametrize("leftovers", [[".lock"], [".lock", ".study.json.4711"]])
def test_a_folder_that_a_search_only_just_made_counts_as_empty(tmp_path, leftovers):
    for name in leftovers:
        (tmp_path / name).touch()
    folder = StudyFolder(tmp_path)
    with pytest.raises(ConfigError) as error:
        folder.require()
    line = (
        f"{tmp_path}: the search ended before it had written its study.json; start it again, with --output {tmp_path}"
    )
    assert error.value.problems == [line]
    folder.create()
    folder.unlock()


@pytest.mark.parametrize("names", [["notes.txt"], [".lock", "notes.txt"], [".study.json.4711"]])
def test_a_folder_that_holds_anything_else_is_refused_and_left_alone(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ConfigError, match="this folder is not empty; please choose another"):
        StudyFolder(tmp_path).create()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_folder_whose_lock_is_held_is_refused(tmp_path):
    first = StudyFolder(tmp_path / "out")
    first.create()
    with pytest.raises(ConfigError, match=r"a search \(process \d+\) is writing to this folder"):
        StudyFolder(tmp_path / "out").create()
    first.unlock()


def test_trouble_with_a_file_is_one_line_that_names_it(tmp_path):
    with pytest.raises(StudyFolderError) as error, study_files_at(tmp_path):
        (tmp_path / "none" / "file").write_text("")
    cure = "mend this, then resume the study"
    assert str(error.value) == f"{tmp_path / 'none' / 'file'}: No such file or directory; {cure}"
    with pytest.raises(StudyFolderError) as error, study_files_at(tmp_path / "journal.log"):
        raise OSError(28, "No space left on device")
    assert str(error.value) == f"{tmp_path / 'journal.log'}: No space left on device; {cure}"


@pytest.mark.parametrize("command", [["optimize", "--help"], ["train", "--help"], ["evaluate", "--help"]])
def test_a_system_without_fcntl_is_refused_in_one_line(command):
    program = f"import sys; sys.modules['fcntl'] = None; from rliable.cli import main; sys.exit(main({command!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "error: RLiable runs on Linux and macOS; on Windows it runs in WSL (wsl --install)\n"
