"""The pictures of a study, or of a single run, as PNGs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rliable.report.facts import figure_words
from rliable.report.formats import format_metric, shorten
from rliable.report.plots import style
from rliable.report.plots.curves import Curve, curve_key, make_curve
from rliable.report.plots.data import STEPS_LABEL, Pictures
from rliable.report.plots.panels import Panel, num_columns
from rliable.report.plots.parts import Caption, Kind, Marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


BOTTOM = 0.025  # where marks without a value stand, as a share of the axes' height
MANY_POINTS = 300
FEW_POINTS = 25


def write_figures(pictures: Pictures, folder: Path) -> list[Path]:
    """Draws every picture of a study.

    Args:
      pictures: what they show.
      folder: where the PNGs go.

    Returns:
      Their paths.
    """
    figures = {
        "history.png": history_figure(pictures),
        "parameters.png": parameters_figure(pictures),
        "importance.png": importance_figure(pictures),
        "learning_curves.png": best_curves_figure(pictures),
    }
    return [style.save_figure(figure, folder / name) for name, figure in figures.items()]


def write_curve(rows: Sequence[Mapping[str, float]], path: Path, title: str) -> Path:
    """Draws one run; see `rliable.report.plots.draw_learning_curve`."""
    key = curve_key(rows)
    return style.save_figure(curve_figure(make_curve(rows, key), key, title), path)


def history_figure(pictures: Pictures) -> Figure:
    """The metric per trial with the best so far; trials without a value at the bottom."""
    history = pictures.history
    figure = make_captioned(8, 4.2, history.caption, pictures)
    if history.caption.missing:
        return figure
    axes = figure.add_subplot()
    if history.best_values:
        steps = history.best_numbers, history.best_values
        axes.plot(*steps, drawstyle="steps-post", color=style.BEST, linewidth=1.8, label="best so far")
    _draw_marks(axes, history.marks)
    style.style_axes(axes, "trial", pictures.record.metric_name)
    _scale_metric(axes, pictures)
    _fit_trials(axes, [number for group in history.marks for number in group.numbers])
    _add_kinds(figure, axes)
    return figure


def parameters_figure(pictures: Pictures) -> Figure:
    """Each varied hyperparameter against the metric, in small multiples."""
    panels = pictures.parameters.panels
    columns = num_columns(len(panels))
    rows = max(1, math.ceil(len(panels) / columns))
    figure = make_captioned(max(6.0, 2.9 * columns), 0.9 + 2.5 * rows, pictures.parameters.caption, pictures)
    if not panels:
        return figure
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for index, axes in enumerate(grid.flat):
        if index < len(panels):
            _draw_panel(axes, panels[index], pictures, has_label=index % columns == 0)
        else:
            axes.remove()
    return figure


def importance_figure(pictures: Pictures) -> Figure:
    """The hyperparameters' importances as bars."""
    shares = list(pictures.importance.shares.items())[::-1]
    figure = make_captioned(7, 1.5 + 0.34 * max(len(shares), 4), pictures.importance.caption, pictures)
    if not shares:
        return figure
    axes = figure.add_subplot()
    bars = axes.barh(range(len(shares)), [100 * share for _, share in shares], color=style.TRIAL, height=0.62)
    axes.bar_label(bars, fmt="%.0f %%", padding=4, fontsize=style.TICK_SIZE, color=style.INK)
    style.style_axes(axes, "share of the importance, %", "")
    axes.grid(visible=False)
    axes.set_xlim(0, 100 * max(share for _, share in shares) * 1.12)
    axes.set_yticks(range(len(shares)), [name for name, _ in shares], parse_math=False, color=style.INK)
    return figure


def best_curves_figure(pictures: Pictures) -> Figure:
    """The best trials: the mean over runs and, when there are several, their band and each as a thin line."""
    figure = make_captioned(8, 4.4, pictures.curves.caption, pictures)
    if pictures.curves.caption.missing:
        return figure
    axes = figure.add_subplot()
    # From the last to the first, so that the best lies on top.
    for curve, colour in reversed(list(zip(pictures.curves.curves, style.RANKS, strict=False))):
        if curve.runs:
            axes.fill_between(curve.mean.steps, curve.low, curve.high, color=colour, alpha=0.12, linewidth=0)
        for run in curve.runs:
            _draw_line(axes, run, colour, 0.8, 0.35)
        _draw_line(axes, curve.mean, colour, 1.8, 1.0, f"trial {curve.number}: {format_metric(curve.value)}")
    style.style_axes(axes, STEPS_LABEL, pictures.curves.label)
    style.step_ticks(axes.xaxis)
    _add_trials(figure, axes, f"{pictures.record.metric_name} at the end")
    return figure


def curve_figure(curve: Curve, key: str, title: str) -> Figure:
    """One curve on axes that fit it, or a note when it has no points."""
    figure = style.make_figure(7, 4, title, f"{figure_words(key)} over {STEPS_LABEL}")
    if not curve.steps:
        style.add_note(figure, "This run reported no learning curve.")
        return figure
    axes = figure.add_subplot()
    _draw_line(axes, curve, style.TRIAL, 1.8, 1.0)
    style.style_axes(axes, STEPS_LABEL, figure_words(key))
    style.step_ticks(axes.xaxis)
    return figure


def make_captioned(width: float, height: float, caption: Caption, pictures: Pictures) -> Figure:
    """An empty figure with a picture's words; with the reason in its middle when there is nothing to draw."""
    figure = style.make_figure(width, height, caption.title, pictures.subtitle, caption.note)
    if caption.missing:
        style.add_note(figure, caption.missing)
    return figure


def _draw_marks(axes: Axes, marks: Sequence[Marks], shrink: float = 1.0) -> None:
    num_points = sum(len(group.numbers) for group in marks)
    for group in marks:
        look = _look(group.kind, num_points, shrink) | {"label": group.kind.value, "zorder": 3}
        if group.ys is None:
            bottom = [BOTTOM] * len(group.xs)
            axes.scatter(group.xs, bottom, transform=axes.get_xaxis_transform(), clip_on=False, **look)
        else:
            axes.scatter(group.xs, group.ys, **look)


def _look(kind: Kind, num_points: int, shrink: float) -> dict[str, Any]:
    """How a kind is marked: many points are small and let each other show through."""
    size, alpha = (34.0, 0.9) if num_points <= 50 else (20.0, 0.65) if num_points <= MANY_POINTS else (8.0, 0.4)
    size, colour = size * shrink, style.COLOURS[kind]
    looks = {
        Kind.FAILED: {"s": 24, "marker": "x", "color": colour, "linewidths": 1.4},
        Kind.PRUNED: {"s": size, "facecolors": "none", "edgecolors": colour, "linewidths": 1.1},
        Kind.TRIAL: {"s": size, "color": colour, "alpha": alpha, "linewidths": 0},
        Kind.BEST: {"s": max(30.0, 1.6 * size), "color": colour, "linewidths": 0},
    }
    return looks[kind]


def _draw_panel(axes: Axes, panel: Panel, pictures: Pictures, has_label: bool) -> None:
    _draw_marks(axes, panel.marks, shrink=0.8)
    style.style_axes(axes, panel.name, pictures.record.metric_name if has_label else "")
    if panel.categories:
        _draw_categories(axes, panel)
    else:
        axes.set_xscale("log" if panel.is_log else "linear")
        if panel.limits is not None:
            axes.set_xlim(*panel.limits)
        style.number_ticks(axes.xaxis, panel.is_log, num_ticks=4)
    _scale_metric(axes, pictures, num_ticks=5)


def _draw_categories(axes: Axes, panel: Panel) -> None:
    for index, median in enumerate(panel.medians):
        if median is not None:
            axes.hlines(median, index - 0.32, index + 0.32, color=style.INK, linewidth=1.4, zorder=4)
    axes.set_xlim(panel.limits)
    names = [shorten(name, 16) for name in panel.categories]
    axes.set_xticks(range(len(names)), names, parse_math=False)
    if sum(len(name) + 2 for name in panel.categories) > 26:  # they do not fit beside each other
        axes.tick_params(axis="x", rotation=35)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")


def _scale_metric(axes: Axes, pictures: Pictures, num_ticks: int = 6) -> None:
    if all(group.ys is None for group in pictures.history.marks):
        axes.set_yticks([])
        return
    axes.margins(y=0.1)
    if pictures.is_log:
        axes.set_yscale("log")
    style.number_ticks(axes.yaxis, pictures.is_log, num_ticks)


def _fit_trials(axes: Axes, numbers: Sequence[int]) -> None:
    margin = max(0.5, 0.02 * (max(numbers) - min(numbers)))
    axes.set_xlim(min(numbers) - margin, max(numbers) + margin)
    style.number_ticks(axes.xaxis, is_log=False, num_ticks=10, whole=True)


def _add_kinds(figure: Figure, axes: Axes) -> None:
    """The legend of the kinds, each once; the best trial lies on its line, which is named already."""
    handles = {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    labels = ["best so far", *(kind.value for kind in reversed(Kind) if kind is not Kind.BEST)]
    labels = [label for label in labels if label in handles]
    look: dict[str, Any] = {"frameon": False, "fontsize": style.TICK_SIZE, "labelcolor": style.INK}
    figure.legend([handles[label] for label in labels], labels, loc="outside lower left", ncols=4, **look)


def _add_trials(figure: Figure, axes: Axes, title: str) -> None:
    """The legend of the best trials, the best first."""
    handles, labels = axes.get_legend_handles_labels()
    look: dict[str, Any] = {"frameon": False, "fontsize": style.TICK_SIZE, "alignment": "left"}
    legend = figure.legend(handles[::-1], labels[::-1], loc="outside right upper", title=title, **look)
    legend.get_title().set(fontsize=style.TICK_SIZE, color=style.MUTED, parse_math=False)


def _draw_line(axes: Axes, curve: Curve, colour: str, width: float, alpha: float, label: str | None = None) -> None:
    marker = "o" if len(curve.steps) <= FEW_POINTS and alpha == 1.0 else ""
    look: dict[str, Any] = {"marker": marker, "markersize": 3.5, "color": colour, "linewidth": width, "alpha": alpha}
    axes.plot(curve.steps, curve.values, label=label, **look)
