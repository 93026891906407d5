"""Pictures of a study and of a run. Importing this package imports no drawing library; drawing does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def draw_study(folder: str | Path) -> list[Path]:
    """Draws a study from its `results.json` and its runs' learning curves; replaces earlier pictures.

    Args:
      folder: the study's folder.

    Returns:
      The files written: PNGs in `figures/`, and `report.html`, which needs no other file and no network.

    Raises:
      FileNotFoundError: the folder holds no `results.json`.
      ValueError: that file is not the record of a study.
      ConfigError: a learning curve is damaged.
    """
    from rliable.report.plots import page, png
    from rliable.report.plots.data import load_pictures

    pictures = load_pictures(Path(folder))
    return [*png.write_figures(pictures, Path(folder) / "figures"), page.write_page(pictures, Path(folder))]


def draw_learning_curve(rows: Sequence[Mapping[str, float]], path: str | Path, title: str) -> Path:
    """Draws the learning curve of one run: one figure with exactly one curve.

    Args:
      rows: the run's reports, as in `rliable.records.learning_curve`.
      path: the PNG to write; its folder is made if it is not there.
      title: the figure's title.

    Returns:
      The path.
    """
    from rliable.report.plots import png

    return png.write_curve(rows, Path(path), title)
