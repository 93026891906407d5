"""The pictures of a study as plotly figures, for the page."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rliable.report.formats import format_metric, format_number, shorten
from rliable.report.plots import style
from rliable.report.plots.curves import TrialCurve
from rliable.report.plots.data import STEPS_LABEL, Pictures
from rliable.report.plots.panels import Panel, num_columns
from rliable.report.plots.parts import Kind, Marks

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
MARGIN_TOP, MARGIN_BOTTOM = 32, 50  # pixels
PANEL_HEIGHT, GAP_HEIGHT = 210, 78  # of a panel and between two, in pixels
GAP_WIDTH = 0.05  # between two panels, as a share of the width
BOTTOM = 0.02  # where marks without a value stand, as a share of the height
MANY_POINTS = 1000  # above it the graphics card draws them
MAX_LINE_POINTS = 1000
FEW_TRIALS = 12
LEGEND_RANKS = {kind: 1000 + rank for rank, kind in enumerate(reversed(Kind), start=1)}  # a line's is 1000


def history_plot(pictures: Pictures) -> go.Figure:
    """The metric per trial with the best so far; trials without a value at the bottom."""
    history = pictures.history
    figure = shape_figure(420)
    if history.best_values:
        best = make_line(history.best_numbers, history.best_values, "best so far", style.BEST, 2.5)
        figure.add_trace(best.update(line_shape="hv"))
    num_points = sum(len(group.numbers) for group in history.marks)
    in_legend = {group.kind: group for group in history.marks}  # each kind once
    for group in history.marks:
        is_named = group.kind is not Kind.BEST and in_legend[group.kind] is group
        figure.add_trace(make_points(group, num_points).update(showlegend=is_named))
    fit_trials(figure, [number for group in history.marks for number in group.numbers])
    has_values = any(group.ys is not None for group in history.marks)
    figure.update_yaxes(title_text=html.escape(pictures.record.metric_name), showticklabels=has_values)
    scale_metric(figure, pictures)
    # Marks without a value have an axis of their own, so that they stay at the bottom whatever the metric's range is.
    figure.update_layout(yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True})
    legend = {"orientation": "h", "x": 0, "y": -0.18, "yanchor": "top"}
    # The legend's marks are as small as the points, but not where those are hardly to be seen.
    return figure.update_layout(legend=legend, legend_itemsizing="constant" if num_points > MANY_POINTS else "trace")


def parameters_plot(pictures: Pictures) -> go.Figure:
    """One panel per varied hyperparameter, with the metric's axis in common."""
    panels = pictures.parameters.panels
    columns = num_columns(len(panels))
    rows = math.ceil(len(panels) / columns)
    height = PANEL_HEIGHT * rows + GAP_HEIGHT * (rows - 1)
    grid = make_subplots(
        rows,
        columns,
        specs=[
            [{} if row * columns + column < len(panels) else None for column in range(columns)] for row in range(rows)
        ],
        shared_yaxes="all",
        horizontal_spacing=GAP_WIDTH,
        vertical_spacing=GAP_HEIGHT / height,
    )
    figure = shape_figure(MARGIN_TOP + MARGIN_BOTTOM + height, grid)
    scale_metric(figure, pictures)
    for index, panel in enumerate(panels):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        for trace in panel_traces(panel):
            figure.add_trace(trace, **place)
        figure.update_xaxes(title_text=html.escape(panel.name), **panel_axis(panel), **place)
    figure.update_yaxes(title_text=html.escape(pictures.record.metric_name), col=1)
    return figure.update_layout(showlegend=False)


def importance_plot(pictures: Pictures) -> go.Figure:
    """The hyperparameters' importances as bars."""
    shares = list(pictures.importance.shares.items())[::-1]
    bars = go.Bar(
        orientation="h",
        x=[100 * share for _, share in shares],
        y=[html.escape(name) for name, _ in shares],
        text=[f"{100 * share:.0f} %" for _, share in shares],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
        marker_color=style.TRIAL,
    )
    figure = shape_figure(110 + 34 * len(shares)).add_trace(bars)
    figure.update_xaxes(title_text="share of the importance, %", rangemode="tozero")
    return figure.update_yaxes(showgrid=False, type="category", ticks="", ticklabelstandoff=4)


def curves_plot(pictures: Pictures) -> go.Figure:
    """The learning curves of the best trials: the mean over runs, their band, and each run as a thin line."""
    figure = shape_figure(430)
    # From the last to the first, so that the best lies on top.
    for curve, colour in reversed(list(zip(pictures.curves.curves, style.RANKS, strict=False))):
        figure.add_traces(curve_lines(curve, colour, pictures.record.metric_name))
    figure.update_xaxes(title_text=STEPS_LABEL, tickformat=",d")
    figure.update_yaxes(title_text=html.escape(pictures.curves.label))
    return figure.update_layout(legend={"traceorder": "reversed", "font_size": 12}, showlegend=True)


def curve_lines(curve: TrialCurve, colour: str, metric_name: str) -> list[go.Scatter]:
    """One trial's lines; a click on its name in the legend hides them all."""
    name = f"trial {curve.number}: {metric_name} {format_metric(curve.value)}"
    runs = [make_line(run.steps, run.values, name, colour, 1.0) for run in curve.runs]
    mean = make_line(curve.mean.steps, curve.mean.values, name, colour, 2.5)
    bands = [make_band(curve, colour)] if curve.runs else []
    thin = [line.update(opacity=0.35, showlegend=False) for line in runs]
    return [line.update(legendgroup=str(curve.number)) for line in (*bands, *thin, mean)]


def make_band(curve: TrialCurve, colour: str) -> go.Scatter:
    """What lies between the lowest and the highest run of a trial: along the one, and back along the other."""
    edge = make_line(curve.mean.steps, curve.low, "", colour, 0)
    back = make_line(curve.mean.steps, curve.high, "", colour, 0)
    return edge.update(
        x=[*edge.x, *reversed(back.x)],
        y=[*edge.y, *reversed(back.y)],
        mode="lines",
        fill="toself",
        fillcolor=colour,
        opacity=0.12,
        hoverinfo="skip",
        showlegend=False,
    )


def panel_traces(panel: Panel) -> list[go.Scatter]:
    """The marks of a panel, and a short horizontal line at each category's median."""
    num_points = sum(len(group.numbers) for group in panel.marks)
    medians = [(index, median) for index, median in enumerate(panel.medians) if median is not None]
    xs = [x for index, _ in medians for x in (index - 0.32, index + 0.32, None)]
    ys = [y for _, median in medians for y in (median, median, None)]
    line = {"color": style.INK, "width": 2}
    bars = go.Scatter(mode="lines", x=xs, y=ys, line=line, hoverinfo="skip")
    return [*(make_points(group, num_points) for group in panel.marks), *([bars] if medians else [])]


def panel_axis(panel: Panel) -> dict[str, Any]:
    """The scale, limits and ticks of a panel's horizontal axis; plotly wants logarithms on a logarithmic one."""
    if panel.limits is None:
        return {"nticks": 5}
    low, high = panel.limits
    if panel.categories:
        # Names that do not fit beside each other would be turned into the row below.
        names = [html.escape(shorten(name, max(3, 24 // len(panel.categories)))) for name in panel.categories]
        return {"range": [low, high], "tickvals": list(range(len(names))), "ticktext": names, "tickangle": 0}
    if not panel.is_log:
        return {"range": [low, high], "nticks": 5}
    ticks = style.log_ticks(low, high)
    ends = [math.log10(low), math.log10(high)]
    return {"type": "log", "range": ends, "tickvals": ticks, "ticktext": [format_number(tick) for tick in ticks]}


def shape_figure(height: int, figure: go.Figure | None = None) -> go.Figure:
    """Gives a figure, else an empty one, its height in pixels and the common look; the page gives its width."""
    axis = {"automargin": True, "gridcolor": style.GRID, "linecolor": style.AXIS, "tickcolor": style.AXIS}
    axis |= {"showline": True, "ticks": "outside", "zeroline": False, "exponentformat": "none", "title_standoff": 8}
    look = go.Layout(
        margin={"l": 60, "r": 20, "t": MARGIN_TOP, "b": MARGIN_BOTTOM},
        font={"family": FONT, "size": 13, "color": style.INK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        hoverlabel={"align": "left", "bgcolor": "white", "font": {"color": style.INK}},
        xaxis=axis | {"showgrid": False},
        yaxis=axis,
    )
    return (figure or go.Figure()).update_layout(height=height, template=go.layout.Template(layout=look))


def make_line(xs: Sequence[float], ys: Sequence[float], name: str, colour: str, width: float) -> go.Scatter:
    """A line, thinned out where it has more points than a screen can show.

    Args:
      xs, ys: its points. [P]
      name: in the legend.
      colour, width: of the line, in pixels.
    """
    stride = max(1, len(xs) // MAX_LINE_POINTS)
    chosen = sorted({*range(0, len(xs), stride), len(xs) - 1} - {-1})
    return go.Scatter(
        x=[xs[index] for index in chosen],
        y=[ys[index] for index in chosen],
        mode="lines+markers" if len(xs) == 1 else "lines",
        name=html.escape(name),
        line={"color": colour, "width": width},
    )


def make_points(group: Marks, num_points: int) -> go.Scatter | go.Scattergl:
    """The marks of one kind.

    Args:
      group: the marks.
      num_points: of all kinds in the picture: many are small and let each other show through.
    """
    draw = go.Scattergl if group.kind is Kind.TRIAL and num_points > MANY_POINTS else go.Scatter
    return draw(
        mode="markers",
        x=group.xs,
        y=[BOTTOM] * len(group.xs) if group.ys is None else group.ys,
        yaxis="y2" if group.ys is None else "y",
        name=group.kind.value,
        legendgroup=group.kind.value,
        legendrank=LEGEND_RANKS[group.kind],
        marker=look_of(group.kind, num_points),
        text=["<br>".join(html.escape(line) for line in lines) for lines in group.texts],
        hoverinfo="text",
    )


def look_of(kind: Kind, num_points: int) -> dict[str, Any]:
    """How a kind is marked."""
    size, opacity = (7 if num_points <= 100 else 5, 0.85) if num_points <= MANY_POINTS else (3, 0.4)
    colour = style.COLOURS[kind]
    looks: dict[Kind, dict[str, Any]] = {
        Kind.FAILED: {"symbol": "x-thin", "size": 8, "line": {"width": 2, "color": colour}},
        Kind.PRUNED: {"symbol": "circle-open", "size": max(5, size), "color": colour},
        Kind.TRIAL: {"size": size, "color": colour, "opacity": opacity},
        Kind.BEST: {"size": size + 4, "color": colour},
    }
    return looks[kind]


def fit_trials(figure: go.Figure, numbers: Sequence[int]) -> None:
    """Fits the axis of trial numbers, with whole numbers only."""
    low, high = min(numbers), max(numbers)
    margin = max(0.5, 0.02 * (high - low))
    ticks = {"dtick": 1} if high - low <= FEW_TRIALS else {"nticks": 12}
    figure.update_xaxes(title_text="trial", range=[low - margin, high + margin], **ticks)


def scale_metric(figure: go.Figure, pictures: Pictures) -> None:
    """Makes the metric's axes logarithmic where its values span decades."""
    if pictures.is_log:
        figure.update_yaxes(type="log", dtick=1)
