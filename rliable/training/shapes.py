"""What is compiled and what is not: splits the hyperparameters of a run into a program's shape and its inputs.

TensorFlow never gives back the memory of a compiled program, and compiling takes as long as thousands of steps. So a
number is an input wherever it can be, and what must be part of the program is rounded up where the rest can be filled
with zeros. Rounding depends on the hyperparameter alone, never on what ran before, so results do not either.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from rliable.schema import Rule

#: A program's shape: (name, value) of every hyperparameter that is compiled in, in the order of the table.
Shape = tuple[tuple[str, Any], ...]


def power_of_two(number: int, least: int = 1) -> int:
    """The smallest power of two that is at least `number` and `least`."""
    return 1 << (max(number, least) - 1).bit_length()


def padded_width(width: int) -> int:
    """The compiled width of a hidden layer of `width` units: a power of two, at least 32; quarters between beyond 256.

    So 400 becomes 448 and not 512: there, products are what takes the time.

    A unit whose weights are all zero gives 0 with ReLU and tanh, gets the gradient 0 and stays as it is, so a layer
    that is filled up with such units trains as if they were not there.
    """
    whole = power_of_two(width, 32)
    step = whole // 8 if whole > 256 else whole
    return -(-width // step) * step


def padded_widths(widths: int | list[int] | None) -> Any:
    """`padded_width` of one layer or of each."""
    if widths is None or isinstance(widths, int):
        return widths and padded_width(widths)
    return tuple(padded_width(width) for width in widths)


def padded_batch(size: int) -> int:
    """The compiled size of a batch: a power of two, at least 16; the rows that are too many weigh nothing."""
    return power_of_two(size, 16)


def padded_capacity(length: int, row_bytes: int) -> int:
    """The rows that a replay of `length` transitions gets: a power of two, at least as many as 8 MB hold."""
    fitting = max(1, 8 * 10**6 // row_bytes)
    return power_of_two(length, 1 << (fitting.bit_length() - 1))


def shape_of(values: Any) -> Shape:
    """What is compiled in for these hyperparameters.

    Args:
      values: a settings record; `compiles` of its settings says which and how.
    """
    return tuple(
        (name, compiled_value(value, rule.compiles))
        for name, value, rule in known_to_programs(values)
        if rule.compiles or value is None
    )


def compiled_value(value: Any, compiles: Any) -> Any:
    """What is compiled in for one value: None stays None, lists become tuples."""
    rounded = compiles(value) if callable(compiles) and value is not None else value
    return tuple(rounded) if isinstance(rounded, list) else rounded


def numbers_of(values: Any) -> dict[str, np.generic]:
    """The inputs that a program gets for these hyperparameters: every number that is not compiled in, unrounded."""
    numbers: dict[str, np.generic] = {}
    for name, value, rule in known_to_programs(values):
        is_input = not rule.compiles or callable(rule.compiles)
        if is_input and isinstance(value, int | float) and not isinstance(value, bool):
            numbers[name] = np.int32(value) if isinstance(value, int) else np.float32(value)
    return numbers


def known_to_programs(values: Any) -> Iterator[tuple[str, Any, Rule]]:
    """Name, value and rule of each hyperparameter that compiled programs read, in the order of the table."""
    for field in dataclasses.fields(values):
        rule = field.metadata["rule"]
        if rule.in_program:
            yield field.name, getattr(values, field.name), rule


def as_namespace(shape: Shape) -> SimpleNamespace:
    """A shape by attributes: `shape.double`."""
    return SimpleNamespace(**dict(shape))
