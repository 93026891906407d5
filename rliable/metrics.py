"""What is reported of the returns of test episodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rliable.unit import PlayedSlice

RETURN_METRICS = ("reward", "reward_iqm", "reward_std")


def evaluation_fields(played: list[PlayedSlice], num_episodes: int) -> dict[str, Any]:
    """The result's fields that follow from the slices played so far.

    Args:
      played: the slices, in any order.
      num_episodes: how many episodes all slices have together.

    Returns:
      `slices` in the order of episode numbers and, once they are complete, `predictions` and `metrics`.
    """
    ordered = sorted(played, key=lambda part: part.first)
    returns = [value for part in ordered for value in part.returns]
    if len(returns) < num_episodes:
        return {"slices": ordered}
    metrics = return_metrics(returns)
    return {"slices": ordered, "num_episodes": len(returns), "predictions": returns, "metrics": metrics}


def return_metrics(returns: Sequence[float]) -> dict[str, float]:
    """Metrics of a final evaluation.

    Args:
      returns: the return of each episode, in the order of episode numbers. [N], N >= 1

    Returns:
      `reward`, the mean; `reward_iqm`, the interquartile mean (the mean of the middle half; Agarwal et al. 2021,
      "Deep RL at the edge of the statistical precipice", arXiv:2108.13264); `reward_std`, the standard deviation
      over episodes (divided by N).
    """
    values = np.asarray(returns, dtype=np.float64)
    return {
        "reward": float(values.mean()),
        "reward_iqm": interquartile_mean(values),
        "reward_std": float(values.std()),
    }


def combine_seeds(how: str, values: Sequence[float], criteria: str) -> float:
    """What counts of the figures that a trial's runs have come to.

    Args:
      how: a key of `OVER_SEEDS`.
      values: one per run, all finite. [N], N >= 1
      criteria: "max" or "min": which end is the worse one, for those that look at one end.
    """
    sign = 1.0 if criteria == "max" else -1.0
    return sign * float(OVER_SEEDS[how](sign * np.asarray(values, dtype=np.float64)))


def interquartile_mean(values: np.ndarray) -> float:
    """The mean of what is left when the lowest and the highest quarter of `values` [N] are cut off.

    The same as SciPy's `trim_mean(values, 0.25)`, whose import would cost every worker 0.7 s.
    """
    cut = len(values) // 4
    return float(np.sort(values)[cut : len(values) - cut].mean())


def lower_quartile(values: np.ndarray) -> float:
    """What a quarter of `values` [N] lie below, interpolated between neighbours."""
    return float(np.quantile(values, 0.25))


#: How the figures of a trial's runs become one, of values [N] of which more is better.
OVER_SEEDS: dict[str, Callable[[np.ndarray], float]] = {
    "mean": np.mean,
    "median": np.median,
    "iqm": interquartile_mean,
    "min": np.min,
    "lower_quartile": lower_quartile,
}


def iqm_interval(returns: Sequence[float], seed: int, confidence: float = 0.95) -> tuple[float, float]:
    """The percentile-bootstrap interval of the interquartile mean.

    Args:
      returns: the return of each episode. [N]
      seed: of the resampling.
      confidence: the interval's coverage, in (0, 1).

    Returns:
      Its lower and upper end; both the mean itself when all returns are equal.
    """
    from scipy import stats

    values = np.asarray(returns, dtype=np.float64)
    if values.min() == values.max():
        return float(values[0]), float(values[0])
    interval = stats.bootstrap(
        (values,),
        lambda sample, axis: stats.trim_mean(sample, 0.25, axis=axis),
        n_resamples=2000,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)
