"""Strict reading and safe writing of JSON."""

import json
import math

import pytest

from rliable.config.json_file import apply_override, load_json, parse_override
from rliable.records.encoding import to_json
from rliable.schema import ConfigError


def error_of(path, content):
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_json(str(path))
    (line,) = caught.value.problems
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1, "a": 2}', "a: this key is given twice"),
        (b'{"b": [{"a": 1, "c": 0, "a": 2}]}', "b[0].a: this key is given twice"),
        (b"\xef\xbb\xbf{}", "starts with a byte-order mark; save it as UTF-8 without one"),
        (b'{"a": NaN}', "a: NaN is not a finite number"),
        (b'{"b": {"a": -Infinity}}', "b.a: -Infinity is not a finite number"),
        (b'{"a": }', "not JSON: Expecting value at line 1 column 7"),
        (b'{"a": [[1e999]]}', "a[0][0]: this number is too large"),
        (b'{"a": 99999999999999999999}', "a: 99999999999999999999 is too large a number"),
        (b"[" * 100_000, "nested too deeply"),
        (b"hello", "not JSON: Expecting value at line 1 column 1"),
        (b'{"a": "\xff"}', "not UTF-8 text: invalid start byte at byte 7"),
    ],
)
def test_what_is_no_json_is_refused_in_one_line(tmp_path, content, words):
    assert error_of(tmp_path / "study.json", content) == words


@pytest.mark.timeout(20)
def test_reading_takes_time_in_proportion_to_the_keys(tmp_path):
    (tmp_path / "study.json").write_text(json.dumps({str(number): number for number in range(200_000)}))
    assert len(load_json(str(tmp_path / "study.json"))) == 200_000


def test_missing_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.json: cannot be read: No such file or directory"):
        load_json(str(tmp_path / "none.json"))


def test_override_below_what_is_no_object_names_the_place():
    with pytest.raises(ConfigError, match=r"--set grid\.a\.x: grid\.a is no object"):
        apply_override({"grid": {"a": [1]}}, "grid.a.x", 3)


def test_override_sets_one_value_and_keeps_the_rest():
    data = {"grid": {"a": [1], "b": [2]}, "seed": 1}
    assert apply_override(data, "grid.a", [64]) == {"grid": {"a": [64], "b": [2]}, "seed": 1}
    assert data["grid"]["a"] == [1]


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("a.b=[64]", ("a.b", [64])),
        ("a=text", ("a", "text")),
        ("a=x=y", ("a", "x=y")),
        ('a={"min": 1, "max": 2}', ("a", {"min": 1, "max": 2})),
    ],
)
def test_override_value_is_json_or_else_text(text, pair):
    assert parse_override(text) == pair


@pytest.mark.parametrize("text", ["novalue", "=3"])
def test_override_without_key_or_value_is_refused(text):
    with pytest.raises(ConfigError, match="expected key=value"):
        parse_override(text)


def test_numbers_that_are_not_finite_become_null():
    assert json.loads(to_json({"a": math.nan, "b": [math.inf, 1.5]})) == {"a": None, "b": [None, 1.5]}
