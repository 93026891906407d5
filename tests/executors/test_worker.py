"""One run: whatever a model gives back is plain data or a failed run, never a crash of the search."""

import json

import pytest

from rliable.executors.worker import run_unit
from rliable.unit import Limits, ModelConfig, Unit


def result_of(deed):
    model = ModelConfig("tests.study_models:Odd", "tests/rows.jsonl", "", {"deed": deed})
    return run_unit(Unit(0, 0, model, 1, Limits()), "driver")


def test_numpy_numbers_become_plain_ones():
    result = result_of("numpy")
    assert result.error is None
    assert json.dumps([result.predictions, result.metrics]) == '[[0.0, 1.0, 2.0], {"score": 0.5}]'


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("a set", "TypeError: a model's results must be numbers, texts, lists and dicts, not set"),
        ("text in curve", "TypeError: the model reported loss = None, which is not a number"),
        ("undecodable error", "ValueError: bad \\udcff name"),
        ("exit", "SystemExit: 3"),
    ],
)
def test_what_cannot_be_kept_is_a_failed_run(deed, error):
    result = result_of(deed)
    assert result.metrics is None
    assert result.error == error
    assert result.traceback.encode("utf-8")
