"""Statistics of episode returns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rliable.metrics import OVER_SEEDS, combine_seeds, interquartile_mean, iqm_interval, return_metrics

returns = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60)


@given(returns)
def test_interquartile_mean_is_scipys_trimmed_mean(values):
    array = np.array(values)
    assert interquartile_mean(array) == pytest.approx(stats.trim_mean(array, 0.25), abs=1e-9)


def test_metrics_of_a_known_list():
    assert return_metrics([0.0, 10.0, 20.0, 90.0]) == {
        "reward": 30.0,
        "reward_iqm": 15.0,
        "reward_std": pytest.approx(35.355339),
    }


def test_interval_holds_the_interquartile_mean_and_is_repeatable():
    values = list(np.random.default_rng(0).normal(100, 20, 80))
    low, high = iqm_interval(values, seed=1)
    assert low < interquartile_mean(np.array(values)) < high
    assert high - low < 25
    assert (low, high) == iqm_interval(values, seed=1)


def test_interval_of_equal_returns_is_a_point():
    assert iqm_interval([200.0] * 10, seed=0) == (200.0, 200.0)


#: What counts of the figures 0, 1, 2, 3 and 10 of five runs, where more and where less is better.
COMBINED = {"mean": (3.2, 3.2), "median": (2, 2), "iqm": (2, 2), "min": (0, 10), "lower_quartile": (1, 3)}


@pytest.mark.parametrize("how", OVER_SEEDS)
def test_runs_are_combined_as_asked_for_and_the_worse_end_is_that_of_the_criteria(how):
    figures = [10.0, 0.0, 3.0, 1.0, 2.0]
    combined = tuple(combine_seeds(how, figures, criteria) for criteria in ("max", "min"))
    assert combined == COMBINED[how]
    assert combine_seeds(how, [7.5], "max") == 7.5
