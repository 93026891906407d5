"""Random numbers inside compiled programs: a function of (stream, counter), and of nothing else.

These are TensorFlow's stateless generators without the scrambling of seeds that `tf.random.stateless_uniform` puts in
front. A run's seeds are well mixed already, and leaving it out makes a program smaller by a third.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    key, counter = key_and_counter(seed, draw)
    draws = tf.raw_ops.StatelessRandomUniformV2(
        shape=shape, key=key, counter=counter, alg=PHILOX, dtype=dtype or tf.float32
    )
    return low + (high - low) * draws


def normal(seed: tf.Tensor, shape: Sequence[int], draw: int = 0) -> tf.Tensor:
    """Standard normal numbers, float32; the arguments are those of `uniform`."""
    key, counter = key_and_counter(seed, draw)
    return tf.raw_ops.StatelessRandomNormalV2(shape=shape, key=key, counter=counter, alg=PHILOX, dtype=tf.float32)


def integers(seed: tf.Tensor, shape: Sequence[int], bound: tf.Tensor | int, draw: int = 0) -> tf.Tensor:
    """Uniform integers in [0, bound), int32; the bias towards low numbers is below bound / 2**32."""
    key, counter = key_and_counter(seed, draw)
    return tf.raw_ops.StatelessRandomUniformIntV2(
        shape=shape, key=key, counter=counter, alg=PHILOX, minval=tf.constant(0), maxval=bound
    )


def key_and_counter(seed: tf.Tensor, draw: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
    """Philox's key (uint64 [1]) and counter (uint64 [2]).

    The low word of the counter counts within a draw, from `draw` times 2**32 on; the high word is the seed's counter.
    """
    words = tf.cast(seed, tf.uint64)
    return words[:1], tf.stack([tf.constant(draw << 32, tf.uint64), words[1]])
