"""Films: MP4 where there is an encoder, else GIF."""

import importlib.util

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from rliable.report.film import film_path, write_film


def frames(number, height=40, width=60):
    """Pictures that become brighter."""
    for index in range(number):
        yield np.full((height, width, 3), 5 * index, np.uint8)


def read(path):
    reader = imageio_ffmpeg.read_frames(str(path))
    facts = next(reader)
    width, height = facts["size"]
    return facts, [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader]


def test_an_mp4_shows_the_pictures_in_their_order(tmp_path):
    path, number = write_film(frames(40), 25, tmp_path / "film.mp4", 1000)
    facts, shown = read(path)
    assert (path, number, len(shown)) == (tmp_path / "film.mp4", 40, 40)
    assert (facts["fps"], facts["size"], facts["codec"]) == (25, (60, 40), "h264")
    assert np.abs([frame.mean() - 5 * index for index, frame in enumerate(shown)]).max() < 4


def test_no_more_is_drawn_than_is_shown(tmp_path):
    drawn = frames(40)
    assert write_film(drawn, 25, tmp_path / "film.mp4", 10)[1] == 10
    assert next(drawn).max() == 50


def test_pictures_with_an_odd_size_lose_a_row_and_a_column(tmp_path):
    path, _ = write_film(frames(3, 41, 61), 25, tmp_path / "film.mp4", 10)
    assert read(path)[0]["size"] == (60, 40)


@pytest.mark.parametrize(("rate", "milliseconds"), [(10, 100), (30, 30), (200, 20)])
def test_a_gif_lasts_as_long_as_browsers_let_it(tmp_path, rate, milliseconds):
    path, number = write_film(frames(5), rate, tmp_path / "film.gif", 10)
    with Image.open(path) as image:
        assert (number, image.n_frames, image.info["duration"], image.size) == (5, 5, milliseconds, (60, 40))


def test_without_an_encoder_the_film_is_a_gif_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert film_path(tmp_path / "film.mp4") == tmp_path / "film.gif"
    path, _ = write_film(frames(3), 25, tmp_path / "film.mp4", 10)
    assert path == tmp_path / "film.gif" and path.read_bytes()[:3] == b"GIF"
    assert not (tmp_path / "film.mp4").exists()
