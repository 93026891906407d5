"""Whether an observation is one of its space."""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.schema import Problem

#: How far beyond a bound rounding to float32 may lead, relative to the bound.
ROUNDING = 1e-5


def observation_problem(space: Any, found: Any) -> Problem | None:
    """What is wrong with an observation, or None.

    Args:
      space: the environment's observation space, one of Gymnasium's.
      found: the observation.
    """
    if type(space).__name__ != "Box":
        is_one = space.contains(found)
        words = f"{found!r:.60} is not in observation_space {' '.join(str(space).split()):.80}"
        return None if is_one else Problem("observation", words)
    try:
        array = np.asarray(found)
    except ValueError as error:
        return Problem("observation", f"is no array: {error}")
    return shape_problem(space, array) or value_problem(space, array)


def shape_problem(space: Any, array: np.ndarray) -> Problem | None:
    """What is wrong with the shape or the type of an array."""
    if array.shape != space.shape:
        return Problem(
            "shape", f"an observation has {list(array.shape)} numbers, observation_space {list(space.shape)}"
        )
    if not np.can_cast(array.dtype, space.dtype, "same_kind"):
        return Problem("dtype", f"an observation has {array.dtype}, observation_space {space.dtype}")
    return None


def value_problem(space: Any, array: np.ndarray) -> Problem | None:
    """What is wrong with the numbers of an array."""
    if not np.isfinite(array).all():
        return Problem("finite", f"an observation holds {array[~np.isfinite(array)][0]}")
    bounds = np.stack([space.low, space.high]).astype(np.float64)
    margin = ROUNDING * np.maximum(np.abs(np.nan_to_num(bounds, posinf=0, neginf=0)), 1)
    is_out = (array < bounds[0] - margin[0]) | (array > bounds[1] + margin[1])
    if not is_out.any():
        return None
    value, low, high = (numbers[is_out][0] for numbers in (array, space.low, space.high))
    cure = "widen observation_space, or cut the numbers off there"
    return Problem("bounds", f"an observation holds {value:g}, outside of [{low:g}, {high:g}]; {cure}")
