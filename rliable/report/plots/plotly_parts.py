"""What plotly figures are made of: lines, points, axes and the layout, in the common look, as plain dictionaries."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from rliable.report.plots import style

PlotlyPart = dict[str, Any]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
MARGIN_TOP, MARGIN_BOTTOM = 32, 50  # pixels
MANY_POINTS = 1000
MAX_LINE_POINTS = 1000
FEW_TRIALS = 12


def make_line(xs: Sequence[float], ys: Sequence[float], name: str, colour: str, width: float) -> PlotlyPart:
    """A line, thinned out where it has more points than a screen can show.

    Args:
      xs, ys: its points. [P]
      name: in the legend.
      colour, width: of the line, in pixels.
    """
    stride = max(1, len(xs) // MAX_LINE_POINTS)
    chosen = sorted({*range(0, len(xs), stride), len(xs) - 1} - {-1})
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(xs) == 1 else "lines",
        "x": [xs[index] for index in chosen],
        "y": [ys[index] for index in chosen],
        "name": html.escape(name),
        "line": {"color": colour, "width": width},
    }


def make_points(xs: Sequence[float], ys: Sequence[float], name: str, texts: list[str]) -> PlotlyPart:
    """Points, drawn by the graphics card when there are very many.

    Args:
      xs, ys: their places. [N]
      name: in the legend.
      texts: what each says under the mouse, as HTML. [N]
    """
    return {
        "type": "scatter" if len(texts) <= MANY_POINTS else "scattergl",
        "mode": "markers",
        "x": list(xs),
        "y": list(ys),
        "name": html.escape(name),
        "marker": {"color": style.TRIAL, "line": {"width": 0}} | point_look(len(texts)),
        "text": texts,
        "hoverinfo": "text",
    }


def point_look(num_points: int) -> PlotlyPart:
    """Size and opacity of points: many are small and let each other show through."""
    if num_points <= MANY_POINTS:
        return {"size": 7 if num_points <= 100 else 5, "opacity": 0.85}
    return {"size": 3, "opacity": 0.4}


def make_axis(title: str, is_log: bool = False) -> PlotlyPart:
    """An axis with its title."""
    kind = {"type": "log", "dtick": 1} if is_log else {"type": "linear"}
    return kind | {
        "title": {"text": html.escape(title), "standoff": 8},
        "automargin": True,
        "gridcolor": style.GRID,
        "linecolor": style.AXIS,
        "tickcolor": style.AXIS,
        "ticks": "outside",
        "zeroline": False,
        "exponentformat": "none",
    }


def make_trial_axis(numbers: Sequence[int]) -> PlotlyPart:
    """The axis of trial numbers, with whole numbers only."""
    low, high = min(numbers), max(numbers)
    margin = max(0.5, 0.02 * (high - low))
    ticks = {"dtick": 1} if high - low <= FEW_TRIALS else {"nticks": 12}
    return make_axis("trial") | {"range": [low - margin, high + margin], "showgrid": False} | ticks


def make_layout(height: int, x_axis: PlotlyPart, y_axis: PlotlyPart) -> PlotlyPart:
    """A figure's layout; the page gives its width.

    Args:
      height: in pixels.
      x_axis, y_axis: from `make_axis`.
    """
    return {
        "height": height,
        "margin": {"l": 60, "r": 20, "t": MARGIN_TOP, "b": MARGIN_BOTTOM},
        "font": {"family": FONT, "size": 13, "color": style.INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "hoverlabel": {"align": "left", "bgcolor": "white", "font": {"color": style.INK}},
        "legend": {"orientation": "h", "x": 0, "y": -0.18, "yanchor": "top"},
        "xaxis": x_axis,
        "yaxis": y_axis,
    }
