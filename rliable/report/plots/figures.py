"""The pictures of a study as PNGs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from rliable.report.formats import shorten
from rliable.report.plots import style
from rliable.report.plots.curve_figures import best_curves_figure
from rliable.report.plots.panels import Panel, num_columns
from rliable.report.plots.pictures import Pictures, subtitle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MANY_POINTS = 300


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


def history_figure(pictures: Pictures) -> Figure:
    """The metric per trial with the best so far; failed trials as crosses at the bottom."""
    history, name = pictures.history, pictures.record.metric_name
    figure = style.make_figure(8, 4.2, f"{name} per trial", subtitle(pictures.record))
    if not history.numbers and not history.failed:
        style.add_note(figure, "No trial has finished yet.")
        return figure
    axes = figure.add_subplot()
    _draw_history(axes, pictures)
    style.style_axes(axes, "trial", name)
    _scale_metric(axes, pictures)
    _fit_trials(axes, [*history.numbers, *history.failed])
    figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=style.TICK_SIZE, labelcolor=style.INK)
    return figure


def _draw_history(axes: Axes, pictures: Pictures) -> None:
    history = pictures.history
    size, alpha = _point_look(len(history.numbers))
    if history.numbers:
        axes.plot(*history.best_line(), drawstyle="steps-post", color=style.BEST, linewidth=1.8, label="best so far")
        numbers, values = history.numbers, history.values
        axes.scatter(numbers, values, s=size, color=style.TRIAL, alpha=alpha, label="trial", lw=0, zorder=3)
        if pictures.record.best in numbers:
            best = numbers.index(pictures.record.best)
            axes.scatter(numbers[best], values[best], s=max(30, 1.6 * size), color=style.BEST, lw=0, zorder=3)
    if history.failed:
        at_bottom = [0.025] * len(history.failed)
        axes.scatter(
            history.failed,
            at_bottom,
            transform=axes.get_xaxis_transform(),
            marker="x",
            s=24,
            linewidths=1.4,
            color=style.FAILED,
            label="failed trial",
            clip_on=False,
        )


def _fit_trials(axes: Axes, numbers: list[int]) -> None:
    margin = max(0.5, 0.02 * (max(numbers) - min(numbers)))
    axes.set_xlim(min(numbers) - margin, max(numbers) + margin)
    style.number_ticks(axes.xaxis, is_log=False, num_ticks=10, whole=True)


def _scale_metric(axes: Axes, pictures: Pictures, num_ticks: int = 6) -> None:
    if not pictures.history.values:
        axes.set_yticks([])
        return
    axes.margins(y=0.1)
    if pictures.is_log:
        axes.set_yscale("log")
    style.number_ticks(axes.yaxis, pictures.is_log, num_ticks)


def parameters_figure(pictures: Pictures) -> Figure:
    """Each varied hyperparameter against the metric, in small multiples; the best trial in orange."""
    panels = [panel for panel in pictures.panels if panel.values]
    columns = num_columns(len(panels))
    rows = max(1, math.ceil(len(panels) / columns))
    title = f"Hyperparameters against {pictures.record.metric_name}"
    figure = style.make_figure(
        max(6.0, 2.9 * columns), 0.9 + 2.5 * rows, title, subtitle(pictures.record) + "; the best trial in orange"
    )
    if not panels:
        style.add_note(figure, "There is no finished trial of a varied hyperparameter to show.")
        return figure
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for index, axes in enumerate(grid.flat):
        if index < len(panels):
            _draw_panel(axes, panels[index], pictures, has_label=index % columns == 0)
        else:
            axes.remove()
    return figure


def _draw_panel(axes: Axes, panel: Panel, pictures: Pictures, has_label: bool) -> None:
    size, alpha = _point_look(len(panel.values))
    axes.scatter(panel.positions, panel.values, s=size * 0.8, color=style.TRIAL, alpha=alpha, lw=0, zorder=2)
    if pictures.record.best in panel.numbers:
        best = panel.numbers.index(pictures.record.best)
        axes.scatter(panel.positions[best], panel.values[best], s=max(30, size * 1.5), color=style.BEST, lw=0, zorder=3)
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
    crowded = sum(len(name) + 2 for name in panel.categories) > 26
    names = [shorten(name, 16) for name in panel.categories]
    axes.set_xticks(range(len(names)), names, parse_math=False)
    if crowded:
        axes.tick_params(axis="x", rotation=35)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")


def importance_figure(pictures: Pictures) -> Figure:
    """The hyperparameters' importances as bars, or the reason why there are none."""
    shares = list(pictures.importance.shares.items())[::-1]
    note = pictures.importance.note if shares else subtitle(pictures.record)
    figure = style.make_figure(7, 1.5 + 0.34 * max(len(shares), 4), "Parameter importance", note)
    if not shares:
        style.add_note(figure, pictures.importance.note)
        return figure
    axes = figure.add_subplot()
    bars = axes.barh([name for name, _ in shares], [100 * share for _, share in shares], color=style.TRIAL, height=0.62)
    axes.bar_label(bars, fmt="%.0f %%", padding=4, fontsize=style.TICK_SIZE, color=style.INK)
    style.style_axes(axes, "share of the importance, %", "")
    axes.grid(visible=False)
    axes.set_xlim(0, 100 * max(share for _, share in shares) * 1.12)
    for label in axes.get_yticklabels():
        label.set(parse_math=False, color=style.INK)
    return figure


def _point_look(num_points: int) -> tuple[float, float]:
    return (34.0, 0.9) if num_points <= 50 else (20.0, 0.65) if num_points <= MANY_POINTS else (8.0, 0.4)
