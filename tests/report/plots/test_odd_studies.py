"""Studies that are damaged, and studies that are odd but right."""

import dataclasses
import math

import pytest
from fake_studies import make_study, write_study

from rliable.cli import main
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.plots import draw_study
from rliable.unit import RunRecord

DAMAGED = [
    "",
    "{",
    "[]",
    "3",
    '{"optim_name": 3}',
    '{"optim_name": "x", "sampler": []}',
    '{"optim_name": "x", "search_space": 5}',
    '{"optim_name": "x", "started": "yes", "finished": 2}',
    '{"optim_name": "x", "trials": 3}',
    '{"optim_name": "x", "trials": null}',
    '{"optim_name": "x", "trials": {"a": 1}}',
    '{"optim_name": "x", "trials": [{}]}',
    '{"optim_name": "x", "trials": [[1]]}',
    '{"optim_name": "x", "trials": [{"number": "a", "value": "b"}]}',
    '{"optim_name": "x", "trials": [{"number": 1, "value": 3, "params": 3}]}',
    '{"optim_name": "x", "trials": [{"number": 1, "value": 3, "runs": [{"slot": 3}]}]}',
]


def error_of(folder, capsys):
    """The one line that `rliable plot` says of a folder that it refuses."""
    assert main(["plot", str(folder)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_record_is_one_line_and_no_traceback(tmp_path, capsys, text):
    (tmp_path / "results.json").write_text(text)
    assert error_of(tmp_path, capsys).startswith(f"error: {tmp_path / 'results.json'}: ")


def test_a_record_that_is_no_text_is_one_line_and_no_traceback(tmp_path, capsys):
    (tmp_path / "results.json").write_bytes(b"\x80\x81")
    assert error_of(tmp_path, capsys).startswith(f"error: {tmp_path / 'results.json'}: ")


@pytest.mark.parametrize("content", [b"step,r\na,b\n", b"step,r\n1,2,3\n", b"\x80"])
def test_a_damaged_learning_curve_is_named(tmp_path, capsys, content):
    make_study(tmp_path, 1, fails=0)
    curve = tmp_path / "trials/0000/run_0/learning_curve.csv"
    curve.write_bytes(content)
    assert error_of(tmp_path, capsys).startswith(f"error: {curve}: not a learning curve: ")


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "step,r\n,2\n", "step,r\nnan,inf\n"])
def test_a_learning_curve_without_points_is_none(tmp_path, content):
    make_study(tmp_path, 1, fails=0)
    (tmp_path / "trials/0000/run_0/learning_curve.csv").write_text(content)
    assert "No trial reported a learning curve." in draw_study(tmp_path)[-1].read_text()


def trials_of(values, **params):
    """Trials with these values; of each hyperparameter the values in turn."""
    return [
        TrialRecord(number, value=value, params={name: found[number % len(found)] for name, found in params.items()})
        for number, value in enumerate(values)
    ]


RANGES = {"rate": {"min": 0.001, "max": 0.1, "log": True}, "count": {"min": 1, "max": 4096, "log": True}}
RISING = [float(number) for number in range(24)]
PRUNED = TrialRecord(9, "PRUNED", -3.0, {"rate": 0.01})
ODD = {
    "no trials": {},
    "trials without hyperparameters": {"trials": trials_of(RISING)},
    "values that are missing": {"trials": trials_of([None] * 3, rate=[0.01])},
    "values that are all alike": {"trials": trials_of([0.0] * 12, rate=[0.01], count=[1, 2])},
    "values as large as they get": {"trials": trials_of([1.7e308, -1.7e308, 5e-324, 0.0])},
    "an unknown sampler": {"sampler": "no.such:Sampler", "trials": trials_of(RISING)},
    "runs of nothing": {"trials": [TrialRecord(0, value=1.0, runs=[RunRecord()], folder="trials/0000")]},
    "a best trial that is not there": {"best": 99, "trials": trials_of(RISING)},
    "a best trial that failed": {"best": 0, "trials": [TrialRecord(0, "FAIL", 3.0)]},
    "a state of another version": {"trials": [TrialRecord(0, "WAITING")]},
    "a number twice": {"best": 0, "trials": [*trials_of([1.0], rate=[0.01]), *trials_of([2.0], rate=["x"])]},
    "pruned trials only": {"trials": [PRUNED, TrialRecord(10, "PRUNED")]},
    "a pruned trial below a logarithmic axis": {"trials": [*trials_of([1.0, 1e6], rate=[0.01]), PRUNED]},
    "hyperparameters outside of their ranges": {"trials": trials_of(RISING, rate=[-5, 1e9], count=[0])},
    "hyperparameters of another kind": {"trials": trials_of(RISING, rate=[None, "a", True, [1], {}], count=[0.5, 2])},
    "a search space that says nothing": {"search_space": {"rate": {"min": "x"}, "count": []}},
    "names that are empty": {"metric_name": "", "search_space": {"": [1, 2]}, "trials": trials_of([1.0], **{"": [1]})},
    "times that run backwards": {"started": 9.0, "finished": 1.0, "trials": [TrialRecord(0, started=9.0)]},
}


@pytest.mark.parametrize("name", ODD)
def test_a_picture_is_drawn_of_any_record(tmp_path, name):
    record = StudyRecord("odd", **{"search_space": RANGES, "max_iters": 9} | ODD[name])
    write_study(tmp_path, record, curves=False)
    assert all(path.stat().st_size > 0 for path in draw_study(tmp_path))


def test_a_value_that_no_axis_can_hold_is_still_told_in_full(tmp_path):
    write_study(tmp_path, StudyRecord("odd", trials=trials_of([1.7e308, math.nan])), curves=False)
    assert "reward 1.7e+308" in draw_study(tmp_path)[-1].read_text()


def test_names_and_values_are_no_formulas_and_no_markup(tmp_path):
    odd = r"$x^{$ \a [/b] <i>"
    record = StudyRecord(odd, metric_name=odd, search_space={odd: [odd, "b"], "c": [1, 2]}, best=3)
    trials = trials_of(RISING, **{odd: [odd, "b"], "c": [1, 1, 2]})
    write_study(tmp_path, dataclasses.replace(record, trials=trials), curves=False)
    assert "<i>" not in draw_study(tmp_path)[-1].read_text().partition("plotly.js v")[0]
