"""How values read."""

import math

import pytest

from rliable.report import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(200.0, "200"), (187.4166, "187.4"), (0.003125, "0.003125"), (1.2e-05, "1.2e-05"), (0.0, "0")],
        *[(123456.789, "123456.8"), (1e9, "1e+09"), (math.inf, "inf"), (math.nan, "-"), (None, "-")],
    ],
)
def test_numbers_have_four_significant_digits(value, text):
    assert formats.format_number(value) == text


def test_metrics_have_five_significant_digits():
    assert [formats.format_metric(value) for value in (198.534, 0.00123456, 12345.67)] == [
        "198.53",
        "0.0012346",
        "12345.7",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (None, "null"), (12345678, "12345678"), ("relu", "relu"), ([64, 0.5, "a"], "[64,0.5,a]")],
)
def test_values_read_as_in_json_without_quotes(value, text):
    assert formats.format_value(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.006, "6 ms"),
        (0.9996, "1.0 s"),
        (4.23, "4.2 s"),
        (99.96, "1 min 40 s"),
        (185, "3 min 05 s"),
        (7620, "2 h 07 min"),
    ],
)
def test_durations_carry_their_unit(seconds, text):
    assert formats.format_duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(-1, "0:00"), (42.9, "0:42"), (725, "12:05"), (11220, "3:07:00")])
def test_clocks_tick_in_place(seconds, text):
    assert formats.format_clock(seconds) == text


def test_an_error_with_line_breaks_and_colours_becomes_one_line():
    assert formats.one_line("\x1b[31mValueError\x1b[0m:\n\tbad\r\nshape\x07") == "ValueError : bad shape"
