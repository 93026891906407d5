"""Records as JSON: every bit comes back, and what is wrong with a file is one line."""

import dataclasses
import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rliable.records.encoding import FORMAT, as_json, load_record_file, stamped, to_json
from rliable.records.results import StudyRecord
from rliable.schema import ConfigError
from rliable.unit import RunRecord

RECORD = "the record of a study"


def bits(value):
    return struct.pack("<d", value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back_bit_for_bit_with_every_reader(value):
    run = RunRecord(metrics={"score": value}, started=value)
    text = to_json(stamped(run), indent=2)
    for metrics in (json.loads(text)["metrics"], as_json(run)["metrics"]):
        assert bits(metrics["score"]) == bits(value)
    assert bits(json.loads(text)["started"]) == bits(value)


@given(st.integers(-(2**63), 2**64))
def test_whole_numbers_stay_whole(value):
    assert json.loads(to_json([value])) == as_json([value]) == [value]


def test_what_json_does_not_know_is_null_however_deep_it_lies():
    data = {"a": math.nan, "b": [{"c": (-math.inf, 1.5)}], "d": RunRecord(metrics={"x": math.inf})}
    found = json.loads(to_json(data))
    assert found == as_json(data)
    assert (found["a"], found["b"], found["d"]["metrics"]) == (None, [{"c": [None, 1.5]}], {"x": None})


def test_a_record_says_its_format_first(tmp_path):
    record = StudyRecord("Search")
    assert next(iter(stamped(record).items())) == ("format", FORMAT) == ("format", 2)
    (tmp_path / "results.json").write_text(to_json(stamped(record), indent=2))
    assert load_record_file(tmp_path / "results.json", StudyRecord, RECORD) == record


def test_a_file_without_a_format_is_of_the_first_version(tmp_path):
    (tmp_path / "results.json").write_text('{"optim_name": "Old", "started": 3}')
    record = load_record_file(tmp_path / "results.json", StudyRecord, RECORD)
    assert record == StudyRecord("Old", started=3.0)
    assert record.worked_seconds is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"format": 3}', "has format 3; this version of RLiable reads formats up to 2"),
        (b"", "not the record of a study: Input data was truncated"),
        (b'{"optim_name": "a"', "not the record of a study: Input data was truncated"),
        (b"\xff\xfe", "not the record of a study: JSON is malformed: invalid character (byte 0)"),
        (b'{"optim_name": "\xff"}', "not the record of a study: 'utf-8' codec can't decode byte 0xff"),
        (b"[" * 100_000, "not the record of a study: maximum recursion depth exceeded"),
        (b"[1]", "not the record of a study: expected `object`, got `array`"),
        (b"{}", "not the record of a study: object missing required field `optim_name`"),
        (b'{"optim_name": 1}', "not the record of a study: optim_name: expected `str`, got `int`"),
        (b'{"optim_name": "a", "format": "x", "best": "y"}', "best: expected `int | null`, got `str`"),
        (b'{"optim_name": "a", "trials": [{}]}', "trials[0]: object missing required field `number`"),
        (
            b'{"optim_name": "a", "trials": [{"number": 0, "runs": [{"metrics": {"x": "1.5"}}]}]}',
            "not the record of a study: trials[0].runs[0].metrics[...]: expected `float | null`, got `str`",
        ),
        (b'{"optim_name": "a", "started": true}', "started: expected `float`, got `bool`"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(tmp_path, content, words):
    file = tmp_path / "results.json"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load_record_file(file, StudyRecord, RECORD)
    (line,) = error.value.problems
    assert line.startswith(f"{file}: ")
    assert words in line
    assert "\n" not in line


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match=r"results\.json: cannot be read: Is a directory"):
        load_record_file(folder_named(tmp_path / "results.json"), StudyRecord, RECORD)
    with pytest.raises(FileNotFoundError):
        load_record_file(tmp_path / "none.json", StudyRecord, RECORD)


def test_every_field_of_a_run_is_written():
    assert list(as_json(RunRecord())) == [field.name for field in dataclasses.fields(RunRecord)]


def folder_named(path):
    path.mkdir()
    return path
