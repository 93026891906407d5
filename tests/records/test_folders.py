"""The study folder: what is made of one that was hardly begun."""

import os

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


@pytest.fixture
def study(tmp_path):
    """A study's folder with a link in it, as every one has."""
    folder = StudyFolder(tmp_path / "study")
    (folder.path / "trials/0000").mkdir(parents=True)
    folder.link_best(0)
    return folder


def test_the_link_to_the_best_trial_leads_nowhere_else(study):
    study.require_no_way_out()


@pytest.mark.parametrize("target", ["../../../../../../../etc", "/etc/passwd", "/nowhere", "{outside}", "{outside}/x"])
@pytest.mark.parametrize("name", ["journal.log", "trials/0001", "figures", "trials/0000/run_0", ".lock", "best"])
def test_a_link_that_leads_out_of_a_study_is_refused_before_anything_is_written(study, tmp_path, name, target):
    (tmp_path / "outside").mkdir()
    path = study.path / name
    path.unlink(missing_ok=True)
    path.symlink_to(target.format(outside=tmp_path / "outside"))
    with pytest.raises(ConfigError) as error:
        study.require_no_way_out()
    (line,) = error.value.problems
    assert line == f"{path}: this link leads out of the study's folder; put in its place what it links to"
    assert not any((tmp_path / "outside").iterdir())


def test_what_is_neither_a_file_nor_a_folder_is_refused(study):
    os.mkfifo(study.path / "journal.log")
    with pytest.raises(ConfigError, match="neither a file nor a folder; remove it"):
        study.require_no_way_out()


def test_a_study_whose_folder_itself_is_a_link_is_as_good_as_any(study, tmp_path):
    (tmp_path / "link").symlink_to(study.path)
    StudyFolder(tmp_path / "link").require_no_way_out()


def test_a_file_that_a_running_search_has_just_replaced_is_no_trouble(study, monkeypatch):
    gone = [(str(study.path), [], [".results.json.4711"])]
    monkeypatch.setattr("os.walk", lambda root: gone)
    study.require_no_way_out()
