"""Draws the learning curves of a study's runs beside the search, so that no slot waits for a picture."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rliable.records.folders import RunFolder
from rliable.records.learning_curve import CSV_NAME, CurveRow
from rliable.records.results import load_record
from rliable.records.views import PAUSE_FACTOR
from rliable.report.plots.curves import read_rows

#: How many pictures may wait during a search, and how long those may take that it has not come to. One takes 0.1 s.
MAX_WAITING = 8
MISSING_SECONDS = 5.0


class CurveDrawer:
    """A thread that draws one picture after another, for at most a twentieth of the time that a search takes.

    What it does not come to is left to `draw_missing_curves`.
    """

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Sequence[CurveRow], Path, str] | None] = queue.Queue(MAX_WAITING)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="rliable-curves", daemon=True)
        self._thread.start()

    def draw(self, rows: Sequence[CurveRow], path: Path, title: str) -> None:
        """Has a learning curve drawn soon, if not too many wait; returns at once."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait((rows, path, title))

    def _work(self) -> None:
        while (work := self._waiting.get()) is not None and not self._is_over.is_set():
            started = time.monotonic()
            with contextlib.suppress(Exception):  # it is tried again at the end, and then told
                _draw(*work)
            self._is_over.wait(PAUSE_FACTOR * (time.monotonic() - started))

    def __enter__(self) -> CurveDrawer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        with contextlib.suppress(queue.Full):  # else it does not wait
            self._waiting.put_nowait(None)
        self._thread.join()


@dataclasses.dataclass(frozen=True)
class MissingCurves:
    """What has been done about learning curves without a picture.

    Attributes:
      drawn: the new pictures.
      num_left: how many are still missing, as there was no time for them.
    """

    drawn: list[Path]
    num_left: int

    def note(self, folder: Path) -> str | None:
        """What to tell the user of those that are left."""
        words = f"{self.num_left} learning curves are not drawn yet; rliable plot {folder} goes on with them"
        return words if self.num_left else None


def draw_missing_curves(folder: str | Path) -> MissingCurves:
    """Draws the learning curves that a search has not come to, those of the best trials first, for some seconds.

    Args:
      folder: the study's folder.
    """
    ranks = {trial.folder: rank for rank, trial in enumerate(load_record(folder).ranked())}
    curves = sorted(Path(folder).glob(f"trials/*/run_*/{CSV_NAME}"))
    missing = [curve for curve in curves if not RunFolder(curve.parent).learning_curve_png.exists()]
    missing.sort(key=lambda curve: ranks.get(curve.parent.parent.relative_to(folder).as_posix(), math.inf))
    drawn: list[Path] = []
    until = time.monotonic() + MISSING_SECONDS
    while len(drawn) < len(missing) and time.monotonic() < until:
        curve = missing[len(drawn)]
        picture = RunFolder(curve.parent).learning_curve_png
        _draw(read_rows(curve), picture, f"{curve.parent.parent.name}, {curve.parent.name}")
        drawn.append(picture)
    return MissingCurves(drawn, len(missing) - len(drawn))


def _draw(rows: Sequence[CurveRow], path: Path, title: str) -> None:
    from rliable.report.plots import draw_learning_curve

    draw_learning_curve(rows, path, title)
