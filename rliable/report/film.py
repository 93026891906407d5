"""Writes pictures as a film: MP4 where an encoder is found, else GIF."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

#: The forms of films, by the ends of their files' names.
SUFFIXES = (".mp4", ".gif")


def study_film(folder: Path, trial: int) -> Path:
    """Where the film of a study's trial lies, as an MP4."""
    return folder / "figures" / f"trial_{trial:04d}.mp4"


def has_encoder() -> bool:
    """Tells whether there is an encoder for MP4."""
    return importlib.util.find_spec("imageio_ffmpeg") is not None


def film_path(path: Path) -> Path:
    """The file that `write_film` will write: a GIF of the same name where there is no encoder."""
    return path if path.suffix.lower() == ".gif" or has_encoder() else path.with_suffix(".gif")


def write_film(frames: Iterable[np.ndarray], frame_rate: float, path: Path, max_frames: int) -> tuple[Path, int]:
    """Writes a film.

    Args:
      frames: uint8 [height, width, 3], all of one size; no more are drawn than are written.
      frame_rate: frames per second.
      path: the file, whose suffix is one of `SUFFIXES`.
      max_frames: how many at most.

    Returns:
      The file written, and the number of frames in it.
    """
    chosen, target = itertools.islice(iter(frames), max_frames), film_path(path)
    num_frames = (write_gif if target.suffix.lower() == ".gif" else write_mp4)(chosen, frame_rate, target)
    return target, num_frames


def write_mp4(frames: Iterator[np.ndarray], frame_rate: float, path: Path) -> int:
    """Writes an MP4 that browsers play; an odd row or column is left out. Gives the number of frames."""
    import imageio_ffmpeg

    first = next(frames)
    height, width = (size - size % 2 for size in first.shape[:2])
    writer = imageio_ffmpeg.write_frames(str(path), (width, height), fps=frame_rate, macro_block_size=2)
    writer.send(None)
    num_frames = 0
    for frame in itertools.chain([first], frames):
        writer.send(np.ascontiguousarray(frame[:height, :width]))
        num_frames += 1
    writer.close()
    return num_frames


def write_gif(frames: Iterator[np.ndarray], frame_rate: float, path: Path) -> int:
    """Writes a GIF, whose pictures last whole hundredths of a second, at least two. Gives the number of frames."""
    from PIL import Image

    hundredths = max(2, round(100 / frame_rate))
    images = [Image.fromarray(frame) for frame in frames]
    images[0].save(path, save_all=True, append_images=images[1:], duration=10 * hundredths, loop=0)
    return len(images)
