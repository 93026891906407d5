"""Learning curves as PNGs: one run alone, and the best trials together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rliable.report.formats import format_metric
from rliable.report.plots import style
from rliable.report.plots.curves import Curve, curve_key, curve_label, make_curve
from rliable.report.plots.pictures import Pictures, subtitle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


X_LABEL = "environment steps"
FEW_POINTS = 25


def write_curve(rows: Sequence[Mapping[str, float]], path: Path, title: str) -> Path:
    """Draws one run; see `rliable.plots.draw_learning_curve`."""
    key = curve_key(rows)
    return style.save_figure(curve_figure(make_curve(rows, key), key, title), path)


def curve_figure(curve: Curve, key: str, title: str) -> Figure:
    """One curve on axes that fit it, or a note when it has no points."""
    figure = style.make_figure(7, 4, title, f"{curve_label(key)} over {X_LABEL}")
    if not curve.steps:
        style.add_note(figure, "This run reported no learning curve.")
        return figure
    axes = figure.add_subplot()
    _draw_line(axes, curve, style.TRIAL, 1.8, 1.0)
    style.style_axes(axes, X_LABEL, curve_label(key))
    style.step_ticks(axes.xaxis)
    return figure


def best_curves_figure(pictures: Pictures) -> Figure:
    """The best trials: the mean over runs, and each run as a thin line when there are several."""
    figure = style.make_figure(8, 4.4, "Learning curves of the best trials", subtitle(pictures.record))
    if not pictures.curves:
        style.add_note(figure, "No trial reported a learning curve.")
        return figure
    axes = figure.add_subplot()
    # From the last to the first, so that the best lies on top.
    for curve, colour in reversed(list(zip(pictures.curves, style.RANKS, strict=False))):
        for run in curve.runs:
            _draw_line(axes, run, colour, 0.8, 0.35)
        _draw_line(axes, curve.mean, colour, 1.8, 1.0, f"trial {curve.number}: {format_metric(curve.value)}")
    style.style_axes(axes, X_LABEL, curve_label(pictures.curves[0].key))
    style.step_ticks(axes.xaxis)
    _add_legend(figure, axes, pictures)
    return figure


def _add_legend(figure: Figure, axes: Axes, pictures: Pictures) -> None:
    handles, labels = axes.get_legend_handles_labels()
    title = f"{pictures.record.metric_name} at the end"
    legend = figure.legend(
        handles[::-1],
        labels[::-1],
        loc="outside right upper",
        frameon=False,
        fontsize=style.TICK_SIZE,
        title=title,
        alignment="left",
    )
    legend.get_title().set(fontsize=style.TICK_SIZE, color=style.MUTED, parse_math=False)


def _draw_line(axes: Axes, curve: Curve, colour: str, width: float, alpha: float, label: str | None = None) -> None:
    marker = "o" if len(curve.steps) <= FEW_POINTS and alpha == 1.0 else ""
    axes.plot(
        curve.steps,
        curve.values,
        color=colour,
        linewidth=width,
        alpha=alpha,
        label=label,
        marker=marker,
        markersize=3.5,
    )
