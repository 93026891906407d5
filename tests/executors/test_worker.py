"""One run: whatever a model gives back is plain data or a failed run, never a crash of the search."""

import json
from fractions import Fraction

import numpy as np
import pytest

from rliable.executors.worker import plain_number, run_unit
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


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.array(0.5), np.array([[0.5]]), Fraction(1, 2)])
def test_real_numbers_of_any_library_are_figures(value):
    assert plain_number("score", value) == 0.5


def test_a_tensor_is_a_figure():
    tensorflow = pytest.importorskip("tensorflow")
    assert plain_number("score", tensorflow.constant(0.5)) == 0.5
    with pytest.raises(TypeError, match="which is not a number"):
        plain_number("score", tensorflow.constant([0.5, 1.0]))


@pytest.mark.parametrize("value", ["1.5", b"1", True, np.True_, None, 1j, np.array([1.0, 2.0]), np.array("1.5"), {}])
def test_what_python_would_make_a_number_of_is_no_figure(value):
    with pytest.raises(TypeError, match=r"the model reported score = .*, which is not a number"):
        plain_number("score", value)


@pytest.mark.parametrize("name", ["CartPole-v1", "Moon-v7"])
def test_model_that_makes_its_environment_itself_gets_the_name(name):
    result = run_unit(Unit(0, 0, ModelConfig("tests.study_models:Told", name, "", {}), 1, Limits()), "driver")
    assert (result.error, result.predictions) == (None, [name, name])
