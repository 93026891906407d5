"""The study folder: what is made of one that was hardly begun."""

import pytest

from rliable.records.folders import StudyFolder, run_folders
from rliable.schema import ConfigError


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
    folder.lock.release()


@pytest.mark.parametrize("names", [["notes.txt"], [".lock", "notes.txt"], [".study.json.4711"]])
def test_a_folder_that_holds_anything_else_is_refused_and_left_alone(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ConfigError, match="this folder is not empty; please choose another"):
        StudyFolder(tmp_path).create()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
