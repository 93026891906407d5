"""The record on disk: what it holds is what a study goes on with."""

import pytest

from rliable.tuning.journal import Journal
from tests.studies import make_study

#: Numbers whose multiples are not what floats make of them, beside another parameter, so that a trial takes two writes.
STEPS = {"a": {"min": 0.0, "max": 0.35, "step": 0.1}, "b": {"min": 0.1, "max": 0.9, "step": 0.1}, "c": [1, 2]}
OPTIONS = {"random": {}, "grid": {}, "qmc": {}, "tpe": {"n_startup_trials": 2}}


def ask(path, study, count):
    """The parameters of all trials once there are `count`, each told before the next is asked for."""
    journal = Journal(path, study, 3)
    trials = journal.trials()
    asked = {trial.number: trial.params for trial in trials}
    told = sum(trial.is_told for trial in trials)
    for number in range(told, count):
        asked[number] = asked[number] if number in asked else journal.ask(number)
        journal.tell(number, float(number % 3), None)
    return asked


@pytest.mark.parametrize("sampler", OPTIONS)
def test_study_over_steps_goes_on_from_any_line_of_its_journal(tmp_path, sampler):
    study = make_study(STEPS, sampler=sampler, sampler_options=OPTIONS[sampler], max_iters=5)
    path = tmp_path / "journal.log"
    whole = ask(path, study, 5)
    assert all(
        params == {**params, "a": round(params["a"], 1), "b": round(params["b"], 1)} for params in whole.values()
    )
    lines = path.read_bytes().splitlines(keepends=True)
    for kept in range(2, len(lines)):
        path.write_bytes(b"".join(lines[:kept]))
        resumed = ask(path, study, 5)
        assert resumed == whole, f"after {kept} lines"


def test_trial_cut_off_between_two_values_is_written_down_as_it_would_have_been(tmp_path):
    study = make_study({**STEPS, "d": {"min": 0.0, "max": 1.0}}, sampler="random", max_iters=3)
    path = tmp_path / "journal.log"
    ask(path, study, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    values = [index for index, line in enumerate(lines) if b'"param_value_internal"' in line]
    path.write_bytes(b"".join(lines[: values[-3]]))
    ask(path, study, 3)
    again = [line for line in path.read_bytes().splitlines(keepends=True) if b'"param_value_internal"' in line]
    assert [number_in(line) for line in again] == [number_in(lines[index]) for index in values]


def number_in(line):
    """The parameter and value of a line of the journal, bit by bit."""
    return line.partition(b'"param_name"')[2].partition(b'"distribution"')[0]
