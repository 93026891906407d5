"""Random numbers inside compiled programs: a function of (stream, counter), and of nothing else.

These are TensorFlow's stateless generators without the scrambling of seeds that `tf.random.stateless_uniform` puts in
front. A run's seeds are well mixed already, and leaving it out makes a program smaller by a third.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from rliable.environments.runtime import tf

PHILOX = 1  # J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011


def uniform(
    seed: tf.Tensor,
    shape: Sequence[int],
    low: float = 0.0,
    high: float = 1.0,
    dtype: tf.DType | None = None,
    draw: int = 0,
) -> tf.Tensor:
    """Uniform numbers in [low, high).

    Args:
      seed: a seed of the run for this purpose, and a counter. int32 [2]
      shape: of the answer.
      low, high: the range.
      dtype: float32 (None) or float64.
      draw: which of several independent draws with the same seed.
    """
    drawn = standard("uniform", seed, shape, dtype or tf.float32, draw)
    return drawn if (low, high) == (0.0, 1.0) else low + (high - low) * drawn


def normal(seed: tf.Tensor, shape: Sequence[int], draw: int = 0) -> tf.Tensor:
    """Standard normal numbers, float32; the arguments are those of `uniform`."""
    return standard("normal", seed, shape, tf.float32, draw)


def integers(seed: tf.Tensor, shape: Sequence[int], bound: tf.Tensor | int, draw: int = 0) -> tf.Tensor:
    """Uniform integers in [0, bound), int32; the bias towards low numbers is below bound / 2**32."""
    key, counter = key_and_counter(seed, draw)
    return tf.raw_ops.StatelessRandomUniformIntV2(
        shape=shape, key=key, counter=counter, alg=PHILOX, minval=tf.constant(0), maxval=bound
    )


class DrawnAhead(ABC):
    """Stands for a seed where the numbers of many steps are drawn before the first of them is taken."""

    @abstractmethod
    def take(self, kind: str, shape: Sequence[int], dtype: tf.DType, draw: int) -> tf.Tensor:
        """What `standard` would draw with the seed."""


def seed_at(stream: Any, counter: tf.Tensor) -> Any:
    """The seed for one draw of a stream: int32 [2]; what is drawn ahead knows its counter."""
    return stream if isinstance(stream, DrawnAhead) else tf.stack([stream, counter])


def standard(kind: str, seed: Any, shape: Sequence[int], dtype: tf.DType, draw: int) -> tf.Tensor:
    """Numbers that are "uniform" in [0, 1), or standard "normal"."""
    if isinstance(seed, DrawnAhead):
        return seed.take(kind, shape, dtype, draw)
    key, counter = key_and_counter(seed, draw)
    operation = {"uniform": tf.raw_ops.StatelessRandomUniformV2, "normal": tf.raw_ops.StatelessRandomNormalV2}[kind]
    return operation(shape=shape, key=key, counter=counter, alg=PHILOX, dtype=dtype)


def key_and_counter(seed: tf.Tensor, draw: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
    """Philox's key (uint64 [1]) and counter (uint64 [2]).

    The low word of the counter counts within a draw, from `draw` times 2**32 on; the high word is the seed's counter.
    """
    words = tf.cast(seed, tf.uint64)
    return words[:1], tf.stack([tf.constant(draw << 32, tf.uint64), words[1]])
