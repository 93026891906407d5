"""Random numbers for acting on the host: the same as inside the graph, drawn for many steps at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from rliable.environments.random_numbers import DrawnAhead, standard
from rliable.environments.runtime import tf

#: Steps for which numbers are drawn at once; a call takes about as long as a hundred of them.
BLOCK = 512


class Draw(NamedTuple):
    """What is drawn in every step; the fields are the arguments of `random_numbers.standard`, and the stream's name."""

    stream: str
    kind: str
    shape: tuple[int, ...]
    dtype: Any
    draw: int


class Listed(DrawnAhead):
    """Stands for the seeds of a stream while a function is traced: what is drawn with them is listed, or given.

    Args:
      stream: its name.
      draws: gets what is drawn.
      given: the numbers, in the order in which they are drawn; None for zeros.
    """

    def __init__(self, stream: str, draws: list[Draw], given: Sequence[Any] | None = None) -> None:
        self._stream, self._draws, self._given = stream, draws, given

    def take(self, kind: str, shape: Sequence[int], dtype: Any, draw: int) -> tf.Tensor:
        """The numbers of a draw; see `random_numbers.standard`."""
        self._draws.append(Draw(self._stream, kind, tuple(map(int, shape)), dtype, draw))
        return tf.zeros(shape, dtype) if self._given is None else self._given[len(self._draws) - 1]


def listed(names: Sequence[str], draws: list[Draw], given: Sequence[Any] | None = None) -> SimpleNamespace:
    """`Listed` for streams of these names."""
    return SimpleNamespace(**{name: Listed(name, draws, given) for name in names})


def draws_of(function: Callable[[SimpleNamespace], Any], streams: Sequence[str]) -> list[Draw]:
    """What a function draws that takes the seeds of streams by name."""
    draws: list[Draw] = []
    with tf.Graph().as_default():
        function(listed(streams, draws))
    return draws


class Drawn:
    """The numbers of every step of a run, a block at a time.

    Args:
      draws: what is drawn in each step.
      stride: how much the counter grows from step to step.
    """

    def __init__(self, draws: Sequence[Draw], stride: int) -> None:
        self._draws, self._stride = draws, stride
        self._block = tf.function(self._draw_block, jit_compile=True, autograph=False)

    def blocks(self, seeds: dict[str, np.int32]) -> Steps:
        """The numbers of a run with these seeds, by stream."""
        return Steps(self, {name: seeds[name] for name in sorted({draw.stream for draw in self._draws})})

    def block(self, seeds: dict[str, np.int32], number: int) -> list[np.ndarray]:
        """The numbers of block `number`. [BLOCK, …] each"""
        if not self._draws:
            return []
        first = np.int32(number * BLOCK * self._stride)
        with tf.device("/CPU:0"):  # wherever the learner is, so that all act by the same numbers
            return [numbers.numpy() for numbers in self._block(tf.nest.map_structure(tf.constant, seeds), first)]

    def _draw_block(self, seeds: dict[str, tf.Tensor], first: tf.Tensor) -> list[tf.Tensor]:
        counters = tf.cast(first, tf.int32) + self._stride * tf.range(BLOCK)
        return [self._of_steps(draw, seeds[draw.stream], counters) for draw in self._draws]

    def _of_steps(self, draw: Draw, stream: tf.Tensor, counters: tf.Tensor) -> tf.Tensor:
        """One draw for each counter. [BLOCK, …]"""

        def write(step: tf.Tensor, numbers: tf.Tensor) -> Any:
            seed = tf.stack([stream, counters[step]])
            drawn = standard(draw.kind, seed, draw.shape, draw.dtype, draw.draw)
            return step + 1, tf.tensor_scatter_nd_update(numbers, [[step]], drawn[None])

        start = (tf.constant(0), tf.zeros([BLOCK, *draw.shape], draw.dtype))
        return tf.while_loop(lambda step, _: step < BLOCK, write, start)[1]


class Steps:
    """The numbers of one run, step by step."""

    def __init__(self, drawn: Drawn, seeds: dict[str, np.int32]) -> None:
        self._drawn, self._seeds = drawn, seeds
        self._number = -1
        self._block: list[np.ndarray] = []

    def at(self, step: int) -> list[np.ndarray]:
        """The numbers of a step, in the order in which they are drawn."""
        number, row = divmod(step, BLOCK)
        if number != self._number:
            self._number, self._block = number, self._drawn.block(self._seeds, number)
        return [numbers[row] for numbers in self._block]
