"""Draws the learning curves of a study's runs beside the search, so that no slot waits for a picture."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from rliable.records.folders import RunFolder
from rliable.records.learning_curve import CSV_NAME, CurveRow
from rliable.report.plots.curves import read_rows


class CurveDrawer:
    """A thread that draws one picture after another; what is left at the end is left to `draw_missing_curves`."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="curves")

    def draw(self, rows: Sequence[CurveRow], path: Path, title: str) -> None:
        """Has a learning curve drawn soon; returns at once."""
        self._pool.submit(_draw, rows, path, title)

    def __enter__(self) -> CurveDrawer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def draw_missing_curves(folder: str | Path) -> list[Path]:
    """Draws the learning curves that an interrupt or a crash left undrawn.

    Args:
      folder: the study's folder.

    Returns:
      The new pictures.
    """
    drawn = []
    for curve in sorted(Path(folder).glob(f"trials/*/run_*/{CSV_NAME}")):
        picture = RunFolder(curve.parent).learning_curve_png
        if not picture.exists():
            _draw(read_rows(curve), picture, f"{curve.parent.parent.name}, {curve.parent.name}")
            drawn.append(picture)
    return drawn


def _draw(rows: Sequence[CurveRow], path: Path, title: str) -> None:
    from rliable.report.plots import draw_learning_curve

    draw_learning_curve(rows, path, title)
