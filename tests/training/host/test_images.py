"""A memory that keeps every frame once gives what one gives that keeps all there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rliable.training.arrays import as_nest, from_bytes, to_bytes
from rliable.training.host.images import ImageRing
from rliable.training.host.ring import Columns, HostRing
from tests.training.host.scripted_images import Film, Numbers, Pictures

GAMMA = np.float32(0.9)


def make_ring(pictures: Pictures, length: int, number: int) -> ImageRing:
    return ImageRing(Columns(pictures), length, pictures, number)


def restored(ring: ImageRing, pictures: Pictures, number: int) -> ImageRing:
    """The ring after it went through a checkpoint's file."""
    again = make_ring(pictures, len(ring.rows), number)
    again.restore(as_nest(from_bytes(to_bytes(ring.to_arrays()))))
    return again


def sampled(ring: HostRing, seed: int, number: int, num_steps: int) -> list[np.ndarray]:
    return ring.sample(np.random.default_rng(seed).integers(1 << 32, size=(2, 8)), number, num_steps, GAMMA)


def is_same_batch(ring: ImageRing, naive: HostRing, seed: int, number: int, num_steps: int) -> bool:
    rows, *images = sampled(ring, seed, number, num_steps)
    (expected,) = sampled(naive, seed, number, num_steps)
    seen = [expected[..., naive.columns.observation], expected[..., naive.columns.next_observation]]
    numbers = np.delete(expected, [*columns(naive.columns.observation), *columns(naive.columns.next_observation)], 2)
    return np.array_equal(rows, numbers) and all(
        found.dtype == np.uint8 and np.array_equal(found.reshape(kept.shape), kept)
        for found, kept in zip(images, seen, strict=True)
    )


def columns(part: slice) -> range:
    return range(part.start, part.stop)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    number=st.integers(1, 4),
    spare=st.integers(0, 60),
    num_frames=st.integers(1, 4),
    mean_length=st.sampled_from([1.0, 2.0, 7.0, 1000.0]),
    num_steps=st.integers(1, 4),
    is_stacked=st.booleans(),
    checkpoint=st.integers(0, 60),
)
def test_batches_are_those_of_a_memory_that_keeps_all_images_whole(
    seed: int,
    number: int,
    spare: int,
    num_frames: int,
    mean_length: float,
    num_steps: int,
    is_stacked: bool,
    checkpoint: int,
) -> None:
    """Over episodes of all lengths, environments that take turns, rings that wrap, and a checkpoint in between."""
    pictures, length = Pictures(2, num_frames), number + spare
    ring, naive = make_ring(pictures, length, number), HostRing(Columns(Numbers(pictures)), length)
    film = Film(np.random.default_rng(seed), pictures, number, mean_length, is_stacked, num_shades=2)
    for count, step in enumerate(film.steps(60)):
        if count == checkpoint:
            ring = restored(ring, pictures, number)
        ring.append(step)
        flat = {name: getattr(step, name).reshape(number, -1) for name in ("observation", "next_observation")}
        naive.append(step._replace(**flat))
        assert is_same_batch(ring, naive, count, number, num_steps)


def memory_of(ring: ImageRing) -> int:
    return sum(array.nbytes for array in (ring.rows, ring.is_boundary, ring.numbers)) + ring.frames.nbytes


@pytest.mark.parametrize("mean_length", [30.0, 1000.0])
def test_stacked_images_take_little_more_memory_than_a_frame_each(mean_length: float) -> None:
    """Also when the ring went round: 84·84·4 pixels in at most 1.2 times 84·84 bytes."""
    pictures, length = Pictures(84, 4), 1000
    ring = make_ring(pictures, length, 2)
    most = 0
    for step in Film(np.random.default_rng(1), pictures, 2, mean_length).steps(length):
        ring.append(step)
        most = max(most, memory_of(ring))
    assert ring.num_written == 2 * length
    assert most < 1.2 * 84 * 84 * length


def test_images_that_are_no_stacks_are_kept_once() -> None:
    """What follows a step is what the next begins from; an episode has one more."""
    pictures = Pictures(8, 1)
    ring = make_ring(pictures, 100, 1)
    steps = list(Film(np.random.default_rng(1), pictures, 1, 10.0).steps(100))
    for step in steps:
        ring.append(step)
    assert ring.frames.end == 101 + sum(int(step.is_boundary[0]) for step in steps[:-1])


def test_a_checkpoint_keeps_frames_compressed() -> None:
    pictures = Pictures(84, 4)
    ring = make_ring(pictures, 200, 1)
    for step in Film(np.random.default_rng(1), pictures, 1, 50.0, num_shades=1).steps(200):
        ring.append(step)
    assert ring.frames.nbytes > 100 * len(to_bytes(ring.frames.to_arrays()))
