"""The journal's file: read once, on the disk in time."""

import math
import os
import time

import optuna
import pytest

from rliable.tuning.journal_file import DriverFile, DriverStorage

ASKED = {"op_code": 4, "study_id": 0, "datetime_start": "2026-01-01T00:00:00.000000+00:00"}
SAMPLED = {"op_code": 5, "trial_id": 0, "param_name": "a"}
TOLD = {"op_code": 6, "trial_id": 0, "state": 1, "values": [1.0]}
ENDED = {"op_code": 2, "study_id": 0, "user_attr": {"sessions": {}}}


@pytest.fixture
def syncs(monkeypatch):
    """When it has been waited for a disk that takes 20 ms."""
    found, real = [], os.fsync

    def sync(descriptor):
        time.sleep(0.02)
        real(descriptor)
        found.append(time.monotonic())

    monkeypatch.setattr(os, "fsync", sync)
    return found


def test_it_is_waited_for_the_disk_where_a_result_is_told(tmp_path, syncs):
    file = DriverFile(tmp_path / "journal.log")

    for line in (ASKED, SAMPLED):
        file.append_logs([line])
    assert len(syncs) == 0
    file.append_logs([TOLD])
    assert len(syncs) == 1


def test_it_is_waited_for_no_more_than_a_twentieth_of_the_time_and_at_the_end_of_a_search(tmp_path, syncs):
    file = DriverFile(tmp_path / "journal.log")

    started = time.monotonic()
    while time.monotonic() < started + 0.1:
        file.append_logs([TOLD])
    assert len(syncs) == 1
    file.append_logs([ENDED])
    assert len(syncs) == 2


def test_what_was_told_while_the_disk_rested_is_waited_for_with_whatever_comes_next(tmp_path, syncs):
    file = DriverFile(tmp_path / "journal.log")
    file.append_logs([TOLD])
    file._rest_until = math.inf
    file.append_logs([TOLD])
    assert len(syncs) == 1

    file._rest_until = 0.0
    file.append_logs([SAMPLED])

    assert len(syncs) == 2


def test_who_opens_the_file_anew_reads_what_its_writer_knows(tmp_path):
    path = tmp_path / "journal.log"
    study = optuna.create_study(study_name="s", storage=DriverStorage(DriverFile(path)))
    for number in range(5):
        trial = study.ask()
        trial.suggest_float("x", -1.0, 1.0)
        trial.set_user_attr("run_0", {"text": "ä", "value": 0.1 + number, "nothing": None, "list": [1, 2]})
        study.tell(trial, 0.1 * number)

    again = optuna.load_study(study_name="s", storage=DriverStorage(DriverFile(path)))

    assert again.trials == study.trials
    assert len(again.trials) == 5
