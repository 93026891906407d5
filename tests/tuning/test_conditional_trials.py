"""Studies whose trials do not all have the same hyperparameters: sampled, resumed, shown, drawn."""

import csv
import json

import pytest

from rliable.cli.dry_run import print_dry_run
from rliable.records.folders import StudyFolder
from rliable.registry import SAMPLERS
from rliable.report.plots import draw_study
from rliable.report.plots.data import load_pictures
from rliable.report.terminal.columns import fit_columns
from rliable.tuning.journal import Journal
from rliable.tuning.samplers.base import can_import
from tests.studies import make_study
from tests.tuning.searches import model, search

GRID = {
    "theta": {"min": 0.1, "max": 1.0, "when": {"kind": "ou"}},
    "kind": ["none", "normal", "ou"],
    "std": {"min": 0.0, "max": 0.5, "when": {"kind": ["normal", "ou"]}},
    "gamma": {"min": 1e-4, "max": 0.03, "log": True, "as": "1 - gamma"},
    "x": {"min": 0.0, "max": 1.0},
}
COUNTABLE = {
    "kind": ["none", "ou"],
    "std": {"values": [0.1, 0.2], "when": {"kind": "ou"}},
    "x": {"min": 1, "max": 2},
}
OPTIONS = {"tpe": {"n_startup_trials": 3}, "cmaes": {"n_startup_trials": 2}}
INSTALLED = [name for name in SAMPLERS.table if name != "gp" or can_import("torch")]


def study_of(sampler, count, grid=None):
    grid = grid or (COUNTABLE if sampler == "grid" else GRID)
    return make_study(grid, sampler=sampler, sampler_options=OPTIONS.get(sampler, {}), max_iters=count)


def ask(path, study, count):
    """The parameters of all trials once there are `count`, each told before the next is asked for."""
    journal = Journal(path, study, 3)
    trials = journal.trials()
    asked = {trial.number: trial.params for trial in trials}
    for number in range(sum(trial.is_told for trial in trials), count):
        asked[number] = asked[number] if number in asked else journal.ask(number)
        journal.tell(number, float(asked[number]["x"]), None)
    return asked


@pytest.mark.parametrize("sampler", INSTALLED)
def test_trial_has_what_its_conditions_say_with_every_sampler(tmp_path, sampler):
    asked = ask(
        tmp_path / "journal.log", study_of(sampler, 6 if sampler == "grid" else 24), 6 if sampler == "grid" else 24
    )
    assert len({params["kind"] for params in asked.values()}) > 1
    for params in asked.values():
        assert ("std" in params) == (params["kind"] != "none")
        assert ("theta" in params) == (params["kind"] == "ou" and sampler != "grid")
        assert sampler == "grid" or 0.97 <= params["gamma"] <= 0.9999


@pytest.mark.parametrize("sampler", INSTALLED)
def test_study_goes_on_from_any_line_of_its_journal_to_the_same_trials(tmp_path, sampler):
    study, path = study_of(sampler, 6), tmp_path / "journal.log"
    whole = ask(path, study, 6)
    lines = path.read_bytes().splitlines(keepends=True)
    for kept in range(2, len(lines)):
        path.write_bytes(b"".join(lines[:kept]))
        assert ask(path, study, 6) == whole, f"after {kept} lines"


def test_grid_sampler_tries_every_distinct_configuration_once(tmp_path):
    study = study_of("grid", 100)
    assert study.num_trials == 6
    asked = ask(tmp_path / "journal.log", study, 6)
    assert list(asked.values()) == [
        {"kind": "none", "x": 1},
        {"kind": "none", "x": 2},
        {"kind": "ou", "std": 0.1, "x": 1},
        {"kind": "ou", "std": 0.1, "x": 2},
        {"kind": "ou", "std": 0.2, "x": 1},
        {"kind": "ou", "std": 0.2, "x": 2},
    ]


def test_cmaes_learns_although_trials_lack_parameters(tmp_path):
    ask(tmp_path / "journal.log", study_of("cmaes", 24), 24)
    lines = [json.loads(line) for line in (tmp_path / "journal.log").read_text().splitlines()]
    generations = [line for line in lines if "cma:generation" in line.get("system_attr", {})]
    assert len(generations) > 15


def test_random_search_draws_a_conditions_values_evenly(tmp_path):
    asked = ask(tmp_path / "journal.log", study_of("random", 120, COUNTABLE), 120)
    assert 40 < sum(params["kind"] == "none" for params in asked.values()) < 80


@pytest.fixture
def finished(tmp_path):
    """A study of trials with different parameters, and its folder."""
    study = make_study(GRID, model(seconds=0), max_iters=14)
    return search(study, tmp_path / "study"), tmp_path / "study"


def test_model_gets_only_what_its_trial_has_and_tables_leave_the_rest_empty(finished):
    record, path = finished
    lacking = next(trial for trial in record.trials if trial.params["kind"] == "none")
    assert "std" not in lacking.hp_params
    assert list(lacking.params) == ["kind", "gamma", "x"]
    written = json.loads((path / lacking.folder / "trial.json").read_text())
    assert written["params"] == lacking.params
    rows = list(csv.DictReader(StudyFolder(path).trials_csv.open()))
    assert rows[lacking.number]["std"] == ""
    assert json.loads(rows[lacking.number]["gamma"]) == lacking.params["gamma"]
    columns = fit_columns(record, 200)
    place = [column.name for column in columns.params].index("std")
    start = columns.number.width + 2 + columns.metric.width + sum(2 + c.width for c in columns.params[:place]) + 2
    assert columns.row(lacking, False).plain[start : start + columns.params[place].width].strip() == ""


def test_pictures_are_drawn_and_show_what_is_searched_of_gamma(finished):
    record, path = finished
    pictures = load_pictures(path)
    panels = {panel.name: panel for panel in pictures.parameters.panels}
    assert set(panels) == {"theta", "kind", "std", "1 - gamma", "x"}
    assert panels["1 - gamma"].is_log
    group = panels["1 - gamma"].marks[0]
    assert group.xs[0] == 1.0 - record.trials[group.numbers[0]].params["gamma"]
    assert group.texts[0][1].startswith("gamma=0.9")
    assert sum(len(group.numbers) for group in panels["std"].marks) < len(record.trials)
    assert set(pictures.importance.shares) == {"kind", "gamma", "x"}
    assert pictures.importance.caption.note.endswith("without theta, std, not in every trial")
    draw_study(path)
    assert (path / "report.html").is_file()


def test_dry_run_shows_trials_that_lack_parameters(capsys):
    print_dry_run(study_of("grid", 5), 1)
    printed = capsys.readouterr().out
    assert "search space (6 configurations):" in printed
    assert '  std: choice 0.1, 0.2 when kind is "ou"' in printed
    assert 'trial 0: {"kind": "none", "x": 1}' in printed
