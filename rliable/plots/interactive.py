"""The pictures of a study as plotly figures: plain dictionaries, ready for plotly.js."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from rliable.formats import format_metric, format_params
from rliable.plots import style
from rliable.plots.curves import Curve, TrialCurve, curve_label
from rliable.plots.panels import Panel
from rliable.plots.pictures import Pictures
from rliable.record import TrialRecord
from rliable.space_text import varying

PlotlyFigure = dict[str, Any]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
MANY_POINTS = 1000
MAX_CURVE_POINTS = 1000


def history_plot(pictures: Pictures) -> PlotlyFigure:
    """The metric per trial with the best so far; failed trials as crosses at the bottom."""
    history, record = pictures.history, pictures.record
    shown = set(varying(record.search_space, []))
    texts = {trial.number: hover_text(trial, record.metric_name, shown) for trial in record.trials}
    best = _line(Curve([float(n) for n in history.numbers], history.best), "best so far", style.BEST, 2.5)
    best["line"]["shape"] = "hv"
    points = _points(history.numbers, history.values, "trial", style.TRIAL, [texts[n] for n in history.numbers])
    crosses = _points(
        history.failed, [0.02] * len(history.failed), "failed trial", style.FAILED, [texts[n] for n in history.failed]
    )
    crosses |= {"yaxis": "y2", "marker": {"symbol": "x-thin", "size": 8, "line": {"width": 2, "color": style.FAILED}}}
    layout = _layout(420, _axis("trial"), _axis(record.metric_name, pictures.is_log))
    layout["yaxis2"] = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    layout["yaxis"]["showticklabels"] = bool(history.values)
    return {
        "data": [*([best, points] if history.numbers else []), *([crosses] if history.failed else [])],
        "layout": layout,
    }


def parameters_plot(pictures: Pictures) -> PlotlyFigure:
    """Each varied hyperparameter against the metric, in small multiples; the best trial in orange."""
    panels = [panel for panel in pictures.panels if panel.values]
    columns = max(1, min(3, len(panels)))
    rows = max(1, -(-len(panels) // columns))
    layout = _layout(60 + 290 * rows, {}, {}) | {"showlegend": False, "grid": {"rows": rows, "columns": columns}}
    del layout["xaxis"], layout["yaxis"]
    data: list[dict[str, Any]] = []
    for index, panel in enumerate(panels):
        key = "" if index == 0 else str(index + 1)
        x_domain, y_domain = _cell(index, rows, columns)
        layout[f"xaxis{key}"] = _panel_axis(panel) | {"domain": x_domain, "anchor": f"y{key}"}
        y_title = pictures.record.metric_name if index % columns == 0 else ""
        layout[f"yaxis{key}"] = _axis(y_title, pictures.is_log) | {"domain": y_domain, "anchor": f"x{key}"}
        layout[f"yaxis{key}"] |= {"matches": "y"} if index else {}
        data += [trace | {"xaxis": f"x{key}", "yaxis": f"y{key}"} for trace in _panel_traces(panel, pictures)]
    return {"data": data, "layout": layout}


def importance_plot(pictures: Pictures) -> PlotlyFigure:
    """The hyperparameters' importances as bars."""
    shares = list(pictures.importance.shares.items())[::-1]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [100 * share for _, share in shares],
        "y": [html.escape(name) for name, _ in shares],
        "text": [f"{100 * share:.0f} %" for _, share in shares],
        "textposition": "outside",
        "cliponaxis": False,
        "hoverinfo": "skip",
        "marker": {"color": style.TRIAL},
    }
    layout = _layout(110 + 34 * len(shares), _axis("share of the importance, %"), _axis(""))
    layout["xaxis"]["showgrid"] = layout["yaxis"]["showgrid"] = False
    layout["xaxis"]["rangemode"] = "tozero"
    layout["yaxis"] |= {"type": "category", "ticks": ""}
    return {"data": [bars], "layout": layout}


def curves_plot(pictures: Pictures) -> PlotlyFigure:
    """The learning curves of the best trials."""
    data = [
        line
        for curve, colour in reversed(list(zip(pictures.curves, style.RANKS, strict=False)))
        for line in _curve_lines(curve, colour, pictures.record.metric_name)
    ]
    label = curve_label(pictures.curves[0].key) if pictures.curves else ""
    layout = _layout(430, _axis("environment steps"), _axis(label))
    layout["xaxis"] |= {"tickformat": ",d"}
    layout["legend"] = {"traceorder": "reversed", "font": {"size": 12}}
    return {"data": data, "layout": layout}


def hover_text(trial: TrialRecord, metric_name: str, shown: Iterable[str]) -> str:
    """What a trial's point says under the mouse."""
    result = f"{metric_name} {format_metric(trial.value)}" if trial.is_complete else f"failed: {trial.error}"
    params = [format_params({name: trial.params[name]}) for name in trial.params if name in set(shown)]
    lines = [f"trial {trial.number}", result[:120], *params]
    return "<br>".join(html.escape(line) for line in lines)


def _panel_traces(panel: Panel, pictures: Pictures) -> list[dict[str, Any]]:
    texts = [
        f"trial {number}<br>{html.escape(panel.name)} {html.escape(label)}<br>{html.escape(pictures.record.metric_name)} {format_metric(value)}"
        for number, label, value in zip(panel.numbers, panel.labels, panel.values, strict=True)
    ]
    colours = [style.BEST if number == pictures.record.best else style.TRIAL for number in panel.numbers]
    points = _points(panel.positions, panel.values, panel.name, style.TRIAL, texts)
    points["marker"] |= {"color": colours, "size": [9 if colour == style.BEST else 6 for colour in colours]}
    return [points, *([_median_marks(panel)] if panel.categories else [])]


def _median_marks(panel: Panel) -> dict[str, Any]:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for index, median in enumerate(panel.medians):
        xs += [index - 0.32, index + 0.32, None]
        ys += [median, median, None]
    line = {"color": style.INK, "width": 2}
    return {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "line": line, "hoverinfo": "skip"}


def _panel_axis(panel: Panel) -> dict[str, Any]:
    if not panel.categories:
        return _axis(panel.name, panel.is_log) | {"showgrid": False, "nticks": 5}
    ends = [-0.6, len(panel.categories) - 0.4]
    names = [html.escape(name if len(name) <= 16 else name[:15] + "…") for name in panel.categories]
    ticks = {"tickvals": list(range(len(names))), "ticktext": names, "range": ends}
    return _axis(panel.name) | ticks | {"showgrid": False}


def _cell(index: int, rows: int, columns: int) -> tuple[list[float], list[float]]:
    """The place of a small multiple, left to right and top to bottom, as shares of the whole."""
    gap_x, gap_y = 0.06, 0.28
    width, height = 1 / columns, 1 / rows
    left, top = (index % columns) * width, 1 - (index // columns) * height
    padding = gap_x if columns > 1 else 0.0
    bottom = top - height * (1 - gap_y) if rows > 1 else top - height
    return [left + (padding / 2) * (index % columns > 0), left + width - padding / 2], [max(0.0, bottom), top]


def _curve_lines(curve: TrialCurve, colour: str, metric_name: str) -> list[dict[str, Any]]:
    group = {"legendgroup": str(curve.number)}
    name = f"trial {curve.number}: {html.escape(metric_name)} {format_metric(curve.value)}"
    runs = [_line(run, name, colour, 1.0) | group | {"opacity": 0.35, "showlegend": False} for run in curve.runs]
    return [*runs, _line(curve.mean, name, colour, 2.5) | group]


def _line(curve: Curve, name: str, colour: str, width: float) -> dict[str, Any]:
    stride = -(-len(curve.steps) // MAX_CURVE_POINTS) or 1
    xs, ys = curve.steps[::stride], curve.values[::stride]
    if stride > 1 and xs[-1] != curve.steps[-1]:
        xs, ys = [*xs, curve.steps[-1]], [*ys, curve.values[-1]]
    mode = "lines+markers" if len(xs) == 1 else "lines"
    line = {"color": colour, "width": width}
    return {"type": "scatter", "mode": mode, "x": xs, "y": ys, "name": name, "line": line}


def _points(xs: Any, ys: Any, name: str, colour: str, texts: list[str]) -> dict[str, Any]:
    kind = "scatter" if len(texts) <= MANY_POINTS else "scattergl"
    marker = {"color": colour, "size": 7 if len(texts) <= 100 else 5, "opacity": 0.85}
    hover = {"text": texts, "hoverinfo": "text"}
    return {"type": kind, "mode": "markers", "x": list(xs), "y": list(ys), "name": name, "marker": marker} | hover


def _axis(title: str, is_log: bool = False) -> dict[str, Any]:
    look = {
        "gridcolor": style.GRID,
        "linecolor": "#9CA3AF",
        "tickcolor": "#9CA3AF",
        "ticks": "outside",
        "zeroline": False,
    }
    text = {"title": {"text": html.escape(title), "standoff": 8}, "automargin": True}
    return look | text | ({"type": "log"} if is_log else {})


def _layout(height: int, x_axis: dict[str, Any], y_axis: dict[str, Any]) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
        "font": {"family": FONT, "size": 13, "color": style.INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "hoverlabel": {"align": "left", "bgcolor": "white", "font": {"color": style.INK}},
        "legend": {"orientation": "h", "x": 0, "y": -0.18, "yanchor": "top"},
        "xaxis": x_axis | ({"showgrid": False} if x_axis else {}),
        "yaxis": y_axis,
    }
