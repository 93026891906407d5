"""Hyperparameters that are there only where others have certain values, and those that follow from what is searched."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import FixedTrial

from rliable.config.parameters import OneMinus
from rliable.config.search_space import parse_search_space

NOISE = ["none", "normal", "ou"]
SOME_NOISE = {"noise": ["normal", "ou"]}
GRID = {
    "theta": {"min": 1, "max": 3, "when": {"noise": "ou", "std": 0.2}},
    "noise": NOISE,
    "std": {"values": [0.1, 0.2], "when": SOME_NOISE},
    "batch": [32, 64],
}


def space_of(grid):
    space, problems = parse_search_space(grid)
    assert problems == []
    return space


def brute_force(space):
    """Every distinct configuration, found by trying all combinations."""
    columns = [[parameter.value_at(i) for i in range(parameter.size)] for parameter in space.varied.values()]
    combinations = (dict(zip(space.varied, values, strict=True)) for values in itertools.product(*columns))
    return {json.dumps(space.active(combination)) for combination in combinations}


def test_enumeration_gives_every_distinct_configuration_once():
    space = space_of(GRID)
    found = [space.configuration_at(i) for i in range(space.size)]
    assert len(found) == (1 + 2 + (1 + 3)) * 2
    assert len({json.dumps(configuration) for configuration in found}) == len(found)
    assert {json.dumps(configuration) for configuration in found} == brute_force(space)
    assert found[0] == {"noise": "none", "batch": 32}
    assert found[-1] == {"theta": 3, "noise": "ou", "std": 0.2, "batch": 64}


@st.composite
def conditional_grids(draw):
    """Grids of small parameters that depend on those before them, in any order."""
    grid = {}
    for name in "abcd"[: draw(st.integers(2, 4))]:
        when = {}
        for parent in draw(st.lists(st.sampled_from(sorted(grid)), max_size=2, unique=True)) if grid else []:
            when[parent] = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True))
        entry = draw(
            st.sampled_from([{"values": [1, 2, 3, 4]}, {"min": 1, "max": 4}, {"min": 1, "max": 10, "step": 3}])
        )
        if "step" in entry:
            when = {parent: values for parent, values in when.items() if "step" not in grid[parent]}
        when = {
            parent: [v for v in values if "step" not in grid[parent] or v in (1, 4)] for parent, values in when.items()
        }
        when = {parent: values for parent, values in when.items() if values}
        grid[name] = {**entry, **({"when": when} if when else {})}
    return {name: grid[name] for name in draw(st.permutations(sorted(grid)))}


@given(conditional_grids())
def test_any_conditional_space_is_counted_and_visited_right(grid):
    space = space_of(grid)
    found = [json.dumps(space.configuration_at(i)) for i in range(space.size)]
    assert len(found) == len(set(found))
    assert set(found) == brute_force(space)


def test_range_of_many_values_is_counted_without_visiting_them():
    space = space_of({"a": {"min": 0, "max": 10**15}, "b": {"values": [1, 2, 3], "when": {"a": [7, 9]}}})
    assert space.size == 10**15 + 1 + 4
    assert space.configuration_at(7) == {"a": 7, "b": 1}
    assert space.configuration_at(10) == {"a": 8}
    assert space.configuration_at(space.size - 1) == {"a": 10**15}


def test_condition_on_a_fixed_value_and_a_single_conditional_value_hold():
    space = space_of({"noise": "ou", "theta": {"values": [0.3], "when": {"noise": "ou"}}, "mode": [1, 2]})
    assert space.fixed == {"noise": "ou"}
    assert [space.configuration_at(i) for i in range(space.size)] == [
        {"theta": 0.3, "mode": 1},
        {"theta": 0.3, "mode": 2},
    ]


def test_parameter_that_a_trial_lacks_meets_no_condition():
    grid = {"a": [1, 2], "b": {"values": [1, 2], "when": {"a": 1}}, "c": {"values": [5], "when": {"b": 2}}}
    space = space_of(grid)
    assert [space.configuration_at(i) for i in range(space.size)] == [
        {"a": 1, "b": 1},
        {"a": 1, "b": 2, "c": 5},
        {"a": 2},
    ]


def test_description_says_when():
    assert space_of(GRID).describe() == {
        "theta": 'int 1..3 when noise is "ou" and std is 0.2',
        "noise": 'choice "none", "normal", "ou"',
        "std": 'choice 0.1, 0.2 when noise is "normal" or "ou"',
        "batch": "choice 32, 64",
    }


@pytest.mark.parametrize(
    ("grid", "line"),
    [
        (
            {"noise": NOISE, "x": {"min": 1, "max": 2, "when": {"nois": "ou"}}},
            "grid.x.when.nois: unknown parameter of the grid; did you mean 'noise'? known: noise, x",
        ),
        (
            {"noise": NOISE, "x": {"min": 1, "max": 2, "when": {"noise": "oo"}}},
            'grid.x.when.noise: \'oo\' is no value of noise: choice "none", "normal", "ou"',
        ),
        (
            {"noise": NOISE, "x": {"values": [1], "when": {"noise": ["ou", "oo"]}}},
            'grid.x.when.noise[1]: \'oo\' is no value of noise: choice "none", "normal", "ou"',
        ),
        (
            {"noise": "none", "x": {"values": [1], "when": {"noise": "ou"}}},
            "grid.x.when.noise: 'ou' is no value of noise: choice \"none\"",
        ),
        (
            {"n": {"min": 1, "max": 9, "step": 2}, "x": {"values": [1], "when": {"n": 4}}},
            "grid.x.when.n: 4 is no value of n: int 1..9 step 2",
        ),
        (
            {"n": {"min": 0.0, "max": 1.0}, "x": {"values": [1], "when": {"n": 0.5}}},
            "grid.x.when.n: 0.5 is no value of n: real numbers, which no condition can name",
        ),
        (
            {"a": {"values": [1], "when": {"b": 1}}, "b": {"values": [1], "when": {"a": 1}}},
            "grid.a.when: a cycle: a -> b -> a; one of them must not depend on the others",
        ),
        (
            {"a": {"values": [1, 2], "when": {"a": 1}}},
            "grid.a.when: a cycle: a -> a; one of them must not depend on the others",
        ),
        (
            {"a": {"values": [1], "when": {}}},
            'grid.a.when: expected an object such as {"noise": "ou"}, found an empty one',
        ),
        ({"a": {"values": [1], "when": "ou"}}, 'grid.a.when: expected an object such as {"noise": "ou"}, found \'ou\''),
        ({"b": 1, "a": {"values": [1], "when": {"b": []}}}, "grid.a.when.b: an empty list; give at least one value"),
        ({"a": {"values": 5}}, "grid.a.values: expected a list, found 5"),
        ({"a": {"values": [1, 1]}}, "grid.a.values[1]: 1 is listed twice"),
        ({"a": {"values": [1], "min": 1}}, "grid.a.min: unknown key; known: values, when"),
    ],
)
def test_mistake_in_a_condition_is_named_in_one_line(grid, line):
    assert [str(problem) for problem in parse_search_space(grid)[1]] == [line]


def test_two_cycles_are_both_named():
    pairs = {"a": "b", "b": "a", "c": "d", "d": "c"}
    space, problems = parse_search_space({name: {"values": [1], "when": {other: 1}} for name, other in pairs.items()})
    assert [problem.path for problem in problems] == ["grid.a.when", "grid.c.when"]
    assert space.size == 1


GAMMA = {"min": 1e-4, "max": 0.03, "log": True, "as": "1 - gamma"}


def test_searched_number_is_what_the_hyperparameter_lacks_to_one():
    parameter = space_of({"gamma": GAMMA}).varied["gamma"]
    assert parameter.from_unit(0.0) == pytest.approx(0.9999)
    assert parameter.from_unit(0.5) == pytest.approx(1 - (1e-4 * 0.03) ** 0.5)
    assert parameter.describe() == "1 minus float 0.0001..0.03 (log)"


ends = st.floats(0, 0.5)


@given(ends, ends, st.floats(0, 1, exclude_max=True), st.booleans())
def test_value_comes_back_from_the_journal_bit_for_bit(first, second, point, log):
    low, high = sorted([first, second])
    if low == high:
        return
    grid = {"gamma": {"min": low, "max": high, "as": "1 - gamma", "log": log and low > 0}}
    parameter = space_of(grid).varied["gamma"]
    assert isinstance(parameter, OneMinus)
    for value in (parameter.from_unit(point), 1.0 - low, 1.0 - high):
        held = parameter.encode(value)
        assert low <= held <= high
        assert parameter.suggest(FixedTrial({"gamma": held}), "gamma") == value


def test_range_of_one_value_is_fixed_at_one_minus_it():
    assert space_of({"gamma": {"min": 0.25, "max": 0.25, "as": "1 - gamma"}}).fixed == {"gamma": 0.75}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"as": "1 - gama"}, "grid.gamma.as: expected \"1 - gamma\", found '1 - gama'"),
        ({"as": "log gamma"}, "grid.gamma.as: expected \"1 - gamma\", found 'log gamma'"),
        ({"as": 1}, 'grid.gamma.as: expected "1 - gamma", found 1'),
        (
            {"max": 0.7},
            "grid.gamma.max: 0.7 is out of range, 1 - gamma must be in [0, 0.5]; search gamma itself beyond",
        ),
        (
            {"log": False, "step": 0.001},
            "grid.gamma.step: cannot be combined with as; list the values of gamma instead",
        ),
    ],
)
def test_mistake_in_a_derived_range_is_named_in_one_line(change, line):
    assert [str(problem) for problem in parse_search_space({"gamma": {**GAMMA, **change}})[1]] == [line]
