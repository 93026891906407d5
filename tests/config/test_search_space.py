"""The search space: parsing, ranges that reach both ends, and enumeration."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna import create_study
from optuna.distributions import FloatDistribution
from optuna.samplers import RandomSampler
from optuna.trial import FixedTrial, create_trial

from rliable.config.parameters import Choice, Range
from rliable.config.search_space import parse_search_space

finite = st.floats(-1e6, 1e6)
scalars = st.one_of(st.integers(-1000, 1000), finite, st.text(max_size=5), st.booleans(), st.none())


@st.composite
def ranges(draw):
    """A valid range as a study file writes it."""
    number = st.integers(-1000, 1000) if draw(st.booleans()) else finite
    low, high = sorted([draw(number), draw(number)])
    entry = {"min": low, "max": high}
    if low > 0 and draw(st.booleans()):
        entry["log"] = True
    elif high > low and draw(st.booleans()):
        entry["step"] = draw(st.integers(1, 10)) if isinstance(low, int) else (high - low) / draw(st.integers(1, 10))
        entry["step"] = min(entry["step"], high - low)
    return entry


def parse_one(entry):
    space, problems = parse_search_space({"x": entry})
    assert problems == []
    return space.varied["x"]


@given(ranges(), st.floats(0, 1, exclude_max=True))
def test_every_point_of_a_range_lies_between_its_ends_with_its_type(entry, point):
    space, problems = parse_search_space({"x": entry})
    assert problems == []
    if "x" in space.fixed:  # the ends are alike, or a step leads beyond the last bit of the other end
        assert space.fixed["x"] == entry["min"]
        assert entry["max"] - entry["min"] <= entry.get("step", 0)
        return
    value = space.varied["x"].from_unit(point)
    assert entry["min"] <= value <= entry["max"]
    assert isinstance(value, int) == (isinstance(entry["min"], int) and isinstance(entry.get("step", 1), int))


@given(st.lists(st.integers(), min_size=2, max_size=6, unique=True), ranges())
def test_enumeration_visits_every_configuration_once(values, entry):
    space, _ = parse_search_space({"a": values, "b": entry})
    if space.size is None or space.size > 2000:
        return
    visited = [json.dumps(space.configuration_at(index)) for index in range(space.size)]
    assert len(set(visited)) == space.size


@given(st.dictionaries(st.text(max_size=5), st.one_of(scalars, st.lists(scalars, max_size=4), ranges()), max_size=4))
def test_any_json_is_parsed_or_refused_with_its_key(grid):
    space, problems = parse_search_space(grid)
    assert all(problem.path.startswith("grid.") for problem in problems)
    assert set(space.varied) | set(space.fixed) <= set(grid)
    assert problems or set(space.varied) | set(space.fixed) == set(grid)


def test_integer_range_reaches_both_ends_evenly():
    parameter = parse_one({"min": 1, "max": 4})
    counts = Counter(parameter.from_unit(i / 10_000) for i in range(10_000))
    assert counts == {1: 2500, 2: 2500, 3: 2500, 4: 2500}


def test_log_range_is_even_in_its_logarithm():
    parameter = parse_one({"min": 1e-4, "max": 1e-2, "log": True})
    assert parameter.from_unit(0.5) == pytest.approx(1e-3)


def test_step_that_does_not_divide_ends_below_max():
    parameter = parse_one({"min": 1, "max": 10, "step": 4})
    assert [parameter.value_at(i) for i in range(parameter.size)] == [1, 5, 9]


@pytest.mark.parametrize(
    ("entry", "values"),
    [
        ({"min": 0.0, "max": 0.35, "step": 0.1}, [0.0, 0.1, 0.2, 0.3]),
        ({"min": 0.1, "max": 0.7, "step": 0.1}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        ({"min": 0.2, "max": 0.3, "step": 0.1}, [0.2, 0.3]),
        ({"min": 1e-05, "max": 3.5e-05, "step": 1e-05}, [1e-05, 2e-05, 3e-05]),
        ({"min": -0.3, "max": 0.3, "step": 0.3}, [-0.3, 0.0, 0.3]),
    ],
)
def test_steps_of_real_numbers_are_what_a_person_would_write(entry, values):
    parameter = parse_one(entry)
    assert [parameter.value_at(i) for i in range(parameter.size)] == values
    assert [parameter.from_unit((i + 0.5) / len(values)) for i in range(len(values))] == values


@given(st.integers(-1000, 1000), st.integers(1, 300), st.integers(1, 40), st.integers(0, 6))
def test_optuna_holds_every_step_and_gives_it_back(first, step, count, digits):
    low, width, high = (float(f"{number}e-{digits}") for number in (first, step, first + step * count))
    parameter = parse_one({"min": low, "max": high, "step": width})
    distribution = FloatDistribution(low, high, step=width)
    assert parameter.size == count + 1
    for index in range(parameter.size):
        value = parameter.value_at(index)
        create_trial(params={"x": value}, distributions={"x": distribution}, value=0.0)  # it checks
        assert parameter.suggest(FixedTrial({"x": parameter.encode(value)}), "x") == value


def test_optunas_own_samplers_give_the_same_numbers():
    parameter = parse_one({"min": 0.0, "max": 1.0, "step": 0.1})
    study = create_study(sampler=RandomSampler(seed=1))
    suggested = {parameter.suggest(study.ask(), "x") for _ in range(100)}
    assert suggested == {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}


@pytest.mark.timeout(20)
def test_list_may_be_long():
    assert parse_one([[number] for number in range(100_000)]).size == 100_000


def test_whole_ends_make_a_whole_range_and_others_do_not():
    assert parse_one({"min": 1, "max": 2}) == Range(1, 2)
    assert parse_one({"min": 1, "max": 2.0}) == Range(1.0, 2.0)


def test_lists_may_be_choices():
    assert parse_one([[64], [64, 64]]) == Choice(([64], [64, 64]))


def test_bare_value_and_single_choice_are_fixed():
    space, _ = parse_search_space({"a": 5, "b": [7], "c": {"min": 2, "max": 2}})
    assert space.fixed == {"a": 5, "b": 7, "c": 2}
    assert space.varied == {}


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ([], "grid.x: an empty list; give at least one value"),
        ([1, 2, 1], "grid.x[2]: 1 is listed twice"),
        ([1.0, float("nan")], "grid.x[1]: nan is not a finite number"),
        ({"min": 0.005, "max": 0.001}, "grid.x.min: 0.005 is above max 0.001"),
        ({"min": 1}, "grid.x.max: missing; a range needs min and max"),
        ({"min": 1, "max": "2"}, "grid.x.max: expected a finite number, found '2'"),
        ({"min": 1, "max": True}, "grid.x.max: expected a finite number, found true"),
        ({"min": 0, "max": 1, "log": True}, "grid.x.min: 0 must be above 0 with log"),
        ({"min": 1, "max": 2, "log": 1}, "grid.x.log: expected true or false, found 1"),
        ({"min": 1, "max": 9, "step": 0}, "grid.x.step: 0 must be above 0"),
        ({"min": 1, "max": 9, "step": 10}, "grid.x.step: 10 is larger than max - min = 8"),
        ({"min": 0.0, "max": 1.0, "step": 1e-300}, "grid.x.step: 1e-300 is too small beside max - min = 1"),
        ({"min": 1, "max": 9, "step": 1, "log": True}, "grid.x.step: cannot be combined with log"),
        ({"min": 1, "mx": 9}, "grid.x.mx: unknown key; did you mean 'max'? known: as, log, max, min, step, when"),
    ],
)
def test_mistake_is_named_in_one_line(entry, line):
    assert line in [str(problem) for problem in parse_search_space({"x": entry})[1]]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"min": 1000, "max": 4000}, "int 1000..4000"),
        ({"min": 0.001, "max": 0.1, "log": True}, "float 0.001..0.1 (log)"),
        ({"min": 1, "max": 9, "step": 2}, "int 1..9 step 2"),
        ([32, 64], "choice 32, 64"),
        (5, "fixed 5"),
    ],
)
def test_description(entry, words):
    assert parse_search_space({"x": entry})[0].describe() == {"x": words}
