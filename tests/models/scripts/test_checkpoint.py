"""When a script's checkpoint is kept."""

import time

import pytest

from models.scripts import checkpoint
from models.scripts.checkpoint import CheckpointFolder, folder_bytes


@pytest.fixture
def kept():
    return []


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "WATCH_SECONDS", 0.0)
    (tmp_path / "checkpoint").mkdir()
    return tmp_path


def write(folder, content):
    (folder / "checkpoint" / "state").write_bytes(content)
    time.sleep(0.01)


def test_it_is_kept_once_after_each_change_and_when_it_has_come_to_rest(folder, kept):
    watched = CheckpointFolder(folder, 100, kept.append)
    write(folder, b"one")
    watched.look()
    assert kept == []
    for _ in range(3):
        watched.look()
    write(folder, b"two")
    watched.look()
    watched.look()
    assert kept == [{"state": b"one"}, {"state": b"two"}]


def test_that_with_which_a_run_begins_is_not_kept_again(folder, kept):
    write(folder, b"one")
    watched = CheckpointFolder(folder, 100, kept.append)
    watched.look()
    watched.look()
    watched.keep_now()
    assert kept == []


def test_one_that_is_too_large_is_not_kept_and_said_so(folder, kept, caplog):
    watched = CheckpointFolder(folder, 100, kept.append)
    write(folder, bytes(101))
    watched.keep_now()
    assert kept == []
    assert "is not kept" in caplog.text
    assert folder_bytes(folder) == 101


def test_without_a_flag_none_is_kept(folder, kept):
    watched = CheckpointFolder(folder, 0, kept.append)
    write(folder, b"one")
    watched.look()
    watched.look()
    watched.keep_now()
    assert kept == []
