"""Samplers through the journal that they are used with: what a study would try."""

import json
import statistics
from importlib.util import find_spec

import pytest

from rliable.cli.dry_run import first_configurations
from rliable.config.search_space import parse_search_space
from rliable.config.study_file import sampler_problems
from rliable.registry import SAMPLERS
from rliable.schema import Problem
from rliable.tuning.journal import Journal
from rliable.tuning.samplers.base import can_import
from tests.studies import make_study

SMALL = {"a": [1, 2, 3], "b": ["x", "y"]}
MIXED = {"a": {"min": 1, "max": 50}, "b": {"min": 1e-4, "max": 1.0, "log": True}, "c": [[8], [8, 8]], "d": 7}
INSTALLED = [name for name in SAMPLERS.table if name != "gp" or can_import("torch")]


def ask(study, seed, path, count, value=None):
    """The parameters of the first trials; each is told `value(params)` before the next is asked for."""
    journal = Journal(path / "journal.log", study, seed)
    asked = []
    for number in range(count):
        asked.append(journal.ask(number))
        if value is not None:
            journal.tell(number, value(asked[-1]), None)
    return asked


@pytest.mark.parametrize("sampler", INSTALLED)
def test_same_seed_gives_the_same_trials(tmp_path, sampler):
    grid = SMALL if sampler == "grid" else MIXED
    study = make_study(grid, sampler=sampler, max_iters=6)
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    score = lambda params: float(len(json.dumps(params)))  # noqa: E731
    assert ask(study, 3, tmp_path / "1", 6, score) == ask(study, 3, tmp_path / "2", 6, score)


@pytest.mark.parametrize("sampler", [name for name in INSTALLED if not SAMPLERS.load(name).uses_results])
def test_choice_does_not_depend_on_results(tmp_path, sampler):
    study = make_study(SMALL, sampler=sampler, max_iters=6)
    (tmp_path / "told").mkdir()
    (tmp_path / "open").mkdir()
    assert ask(study, 3, tmp_path / "told", 6, lambda params: 1.0) == ask(study, 3, tmp_path / "open", 6)


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_another_seed_gives_other_trials(tmp_path, sampler):
    study = make_study(MIXED, sampler=sampler, max_iters=4)
    assert first_configurations(study, 1) != first_configurations(study, 2)


def test_random_search_uses_up_a_small_grid_before_it_repeats(tmp_path):
    asked = [json.dumps(params) for params in ask(make_study(SMALL, max_iters=12), 0, tmp_path, 12)]
    assert len(set(asked[:6])) == 6
    assert len(set(asked[6:])) == 6
    assert asked[:6] != asked[6:]


LOG = {"a": {"min": 1, "max": 4096, "log": True}}


@pytest.mark.parametrize("grid", [LOG, {**LOG, "b": ["x", "y"]}, {**LOG, "b": {"min": 0.0, "max": 1.0}}])
def test_random_search_is_even_in_the_logarithm_of_whole_numbers(tmp_path, grid):
    asked = ask(make_study(grid, max_iters=200), 0, tmp_path, 200)
    assert 30 < statistics.median(params["a"] for params in asked) < 130


def test_other_spaces_give_the_trials_that_they_always_gave(tmp_path):
    assert ask(make_study(SMALL), 3, tmp_path, 4) == [
        {"a": 2, "b": "y"},
        {"a": 3, "b": "x"},
        {"a": 3, "b": "y"},
        {"a": 2, "b": "x"},
    ]
    (tmp_path / "mixed").mkdir()
    assert ask(make_study(MIXED), 3, tmp_path / "mixed", 2) == [
        {"a": 35, "b": 0.4080057628122641, "c": [8]},
        {"a": 19, "b": 0.0028503741219881324, "c": [8, 8]},
    ]


#: What a user's study may name besides the registered samplers, and the options that it takes.
OWN = {
    "optuna.samplers:NSGAIISampler": {"population_size": 4},
    "optuna.samplers:RandomSampler": {},
    "optuna.samplers:TPESampler": {"n_startup_trials": 3},
    "tests.tuning.own_sampler:Middle": {},
}


@pytest.mark.parametrize("name", OWN)
def test_sampler_of_the_users_own_chooses_trials_and_the_same_ones_again(tmp_path, name):
    study = make_study(MIXED, sampler=name, sampler_options=OWN[name], max_iters=10)
    assert sampler_problems(name, OWN[name], study.space) == []
    (tmp_path / "again").mkdir()
    score = lambda params: float(params["a"])  # noqa: E731
    asked = ask(study, 3, tmp_path, 10, score)
    assert len({json.dumps(params) for params in asked}) > (1 if name.startswith("optuna") else 0)
    assert ask(study, 3, tmp_path / "again", 10, score) == asked


def test_option_that_the_users_sampler_lacks_is_named():
    (problem,) = sampler_problems("optuna.samplers:NSGAIISampler", {"populations": 3}, parse_search_space(SMALL)[0])
    assert str(problem).startswith("sampler_options.populations: unknown option; did you mean 'population_size'?")


def test_grid_goes_in_order_with_the_last_parameter_fastest(tmp_path):
    asked = ask(make_study(SMALL, sampler="grid", max_iters=4), 0, tmp_path, 4)
    assert asked == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}]


def test_grid_ends_when_it_is_used_up():
    assert make_study(SMALL, sampler="grid", max_iters=100).num_trials == 6


def test_qmc_is_more_even_than_chance(tmp_path):
    asked = ask(make_study({"a": {"min": 0.0, "max": 1.0}}, sampler="qmc", max_iters=16), 0, tmp_path, 16)
    assert sorted(int(params["a"] * 16) for params in asked) == list(range(16))


def test_tpe_finds_a_better_region_than_it_starts_with(tmp_path):
    study = make_study({"a": {"min": 0.0, "max": 1.0}}, sampler="tpe", max_iters=40)
    asked = ask(study, 0, tmp_path, 40, lambda params: -((params["a"] - 0.7) ** 2))
    early, late = (sum(abs(params["a"] - 0.7) for params in part) for part in (asked[:10], asked[-10:]))
    assert late < early / 2


@pytest.mark.parametrize(
    ("name", "options", "grid", "line"),
    [
        ("tep", {}, SMALL, "sampler: unknown 'tep'; did you mean 'tpe'? known: cmaes, gp, grid, qmc, random, tpe"),
        ("random", {"x": 1}, SMALL, "sampler_options: random takes no options"),
        ("grid", {}, MIXED, "grid.b: the grid sampler needs a step or a list of values"),
        ("tpe", {"n_ei_candidates": 0}, SMALL, "sampler_options: tpe refuses {'n_ei_candidates': 0}"),
        ("qmc", {"qmc_type": "sobl"}, SMALL, "sampler_options: qmc refuses {'qmc_type': 'sobl'}"),
        ("tpe", {"n_startup_trial": 3}, SMALL, "sampler_options.n_startup_trial: unknown option; did you mean"),
    ],
)
def test_mistake_is_named_in_one_line(name, options, grid, line):
    (found,) = sampler_problems(name, options, parse_search_space(grid)[0])
    assert str(found).startswith(line)


def test_gp_names_the_package_it_needs():
    problems = sampler_problems("gp", {}, parse_search_space(SMALL)[0])
    pin = "torch==2.1.2" if find_spec("tf_agents") else "torch"
    needs = Problem("sampler", f"'gp' needs a package more: pip install {pin}")
    assert problems == ([] if "gp" in INSTALLED else [needs])
