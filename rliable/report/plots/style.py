"""One look for every picture: colours, sizes, and the axes' furniture.

The colours are Paul Tol's "bright" and "vibrant" schemes (https://personal.sron.nl/~pault/), which colour-blind people
can tell apart. One colour has one meaning throughout: blue a trial, orange the best, grey a pruned one, red a failure.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rliable.report.formats import format_number
from rliable.report.plots.parts import Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure


TRIAL = "#4477AA"
BEST = "#EE7733"
PRUNED = "#8B95A5"
FAILED = "#CC3311"
COLOURS = {Kind.FAILED: FAILED, Kind.PRUNED: PRUNED, Kind.TRIAL: TRIAL, Kind.BEST: BEST}
RANKS = ("#EE7733", "#4477AA", "#228833", "#AA3377", "#66AACC")
INK = "#222222"
MUTED = "#6B7280"
GRID = "#E5E7EB"
AXIS = "#9CA3AF"
DPI = 150
TITLE_SIZE, LABEL_SIZE, TICK_SIZE = 12, 9.5, 8.5
LINE_HEIGHT = 0.2  # of a line below the title, in inches


def make_figure(width: float, height: float, title: str, *lines: str) -> Figure:
    """An empty figure with its title.

    Args:
      width, height: in inches.
      title: in ink, at the top left.
      *lines: in grey, below it; empty ones are left out.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08)
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")
    lines = tuple(line for line in lines if line)
    # Empty lines, for which the layout keeps the place where the texts then stand.
    figure.suptitle("\n".join(" " * (1 + len(lines))), fontsize=TITLE_SIZE)
    text: dict[str, Any] = {"ha": "left", "va": "top", "parse_math": False, "in_layout": False}
    figure.text(0.1 / width, 1 - 0.10 / height, title, fontsize=TITLE_SIZE, color=INK, weight="bold", **text)
    for index, line in enumerate(lines):
        top = 0.32 + LINE_HEIGHT * index
        figure.text(0.1 / width, 1 - top / height, line, fontsize=LABEL_SIZE, color=MUTED, **text)
    return figure


def style_axes(axes: Axes, x_label: str, y_label: str) -> None:
    """Gives axes their labels and the common look."""
    axes.set_xlabel(x_label, fontsize=LABEL_SIZE, color=INK, parse_math=False)
    axes.set_ylabel(y_label, fontsize=LABEL_SIZE, color=INK, parse_math=False)
    axes.tick_params(labelsize=TICK_SIZE, colors=MUTED, length=3)
    axes.tick_params(which="minor", color=AXIS, length=2)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(AXIS)


def number_ticks(axis: Axis, is_log: bool, num_ticks: int = 6, whole: bool = False) -> None:
    """Readable ticks on one axis.

    Args:
      axis: `axes.xaxis` or `axes.yaxis`, with its limits set.
      is_log: whether its scale is logarithmic.
      num_ticks: how many there is room for.
      whole: whether only whole numbers are possible.
    """
    from matplotlib import ticker

    low, high = axis.get_view_interval()
    if is_log:
        axis.set_major_locator(ticker.LogLocator(subs=log_subs(low, high), numticks=num_ticks))
        axis.set_minor_formatter(ticker.NullFormatter())
    else:
        axis.set_major_locator(ticker.MaxNLocator(num_ticks, integer=whole, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1))
    axis.set_major_formatter(ticker.FuncFormatter(_tick_text))


def log_subs(low: float, high: float) -> tuple[float, ...]:
    """Which multiples of the powers of ten carry a label on a logarithmic axis from `low` to `high`, both above 0."""
    ratio = high / max(low, 1e-300)
    return (1.0,) if ratio >= 90 else (1.0, 3.0) if ratio >= 10 else (1.0, 2.0, 5.0)


def log_ticks(low: float, high: float) -> list[float]:
    """The labelled values of a logarithmic axis from `low` to `high`, both above 0; about two to seven."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = range(first, last + 1, max(1, (last - first) // 3))
    ticks = (sub * 10.0**power for power in powers for sub in log_subs(low, high))
    return [tick for tick in ticks if low <= tick <= high]


def step_ticks(axis: Axis) -> None:
    """Ticks of environment steps: "20,000"."""
    from matplotlib import ticker

    axis.set_major_locator(ticker.MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1))
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))


def add_note(figure: Figure, text: str) -> None:
    """Puts a sentence where a picture would be, when there is nothing to draw."""
    figure.text(
        0.5, 0.45, text, ha="center", va="center", fontsize=LABEL_SIZE + 1, color=MUTED, parse_math=False, wrap=True
    )


def save_figure(figure: Figure, path: Path) -> Path:
    """Writes a PNG; its folder is made if it is not there."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)
    neighbour = path.with_name(path.name + ".tmp")
    figure.savefig(neighbour, format="png")
    return neighbour.replace(path)


def _tick_text(value: float, position: int | None) -> str:
    return format_number(value)
