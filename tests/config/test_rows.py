"""Rows of data from files."""

import pytest

from rliable.config.rows import load_rows


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
def test_only_a_newline_ends_a_json_line(tmp_path, separator):
    (tmp_path / "rows.jsonl").write_text(f'{{"a": "x{separator}y"}}\n{{"a": 2}}\n', encoding="utf-8")
    assert load_rows(str(tmp_path / "rows.jsonl")) == [{"a": f"x{separator}y"}, {"a": 2}]


def test_carriage_returns_and_empty_lines_are_no_rows(tmp_path):
    (tmp_path / "rows.jsonl").write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}')
    assert load_rows(str(tmp_path / "rows.jsonl")) == [{"a": 1}, {"a": 2}]


def test_error_names_the_line_that_an_editor_shows(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"a": "\u2028"}\n[1]\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"rows\.jsonl:2: expected an object, found \[1\]"):
        load_rows(str(tmp_path / "rows.jsonl"))


def test_form_feed_between_rows_is_named_with_its_line(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n\x0c{"a": 2}\n')
    with pytest.raises(ValueError, match=r"rows\.jsonl:2: not JSON"):
        load_rows(str(tmp_path / "rows.jsonl"))


def test_csv_cell_may_hold_a_line_separator(tmp_path):
    (tmp_path / "rows.csv").write_text("name,x\na\u2028b,1\n", encoding="utf-8")
    assert load_rows(str(tmp_path / "rows.csv")) == [{"name": "a\u2028b", "x": 1.0}]
