"""The metric per trial, the importances and the learning curves as plotly figures."""

from __future__ import annotations

import html
from collections.abc import Collection

from rliable.records.results import TrialRecord
from rliable.report.formats import format_metric, format_params
from rliable.report.plots import style
from rliable.report.plots.curves import TrialCurve, curve_label
from rliable.report.plots.pictures import Pictures
from rliable.report.plots.plotly_parts import (
    PlotlyPart,
    make_axis,
    make_layout,
    make_line,
    make_points,
    make_trial_axis,
)


def history_plot(pictures: Pictures) -> PlotlyPart:
    """The metric per trial with the best so far; failed trials as crosses at the bottom."""
    history, name = pictures.history, pictures.record.metric_name
    x_axis = make_trial_axis([*history.numbers, *history.failed])
    layout = make_layout(420, x_axis, make_axis(name, pictures.is_log))
    layout["yaxis"]["showticklabels"] = bool(history.numbers)
    # The crosses have an axis of their own, so that they stay at the bottom whatever the metric's range is.
    layout["yaxis2"] = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    values = history_values(pictures) if history.numbers else []
    return {"data": values + ([failed_points(pictures)] if history.failed else []), "layout": layout}


def history_values(pictures: Pictures) -> list[PlotlyPart]:
    """The trials with a value, and the best so far as a staircase."""
    history = pictures.history
    best = make_line(*history.best_line(), "best so far", style.BEST, 2.5)
    best["line"]["shape"] = "hv"
    points = make_points(history.numbers, history.values, "trial", hover_texts(pictures, history.numbers))
    colours = [style.BEST if number == pictures.record.best else style.TRIAL for number in history.numbers]
    points["marker"] |= {"color": colours}
    return [best, points | {"showlegend": False}]


def failed_points(pictures: Pictures) -> PlotlyPart:
    """The failed trials as crosses."""
    failed = pictures.history.failed
    points = make_points(failed, [0.02] * len(failed), "failed trial", hover_texts(pictures, failed))
    cross = {"symbol": "x-thin", "size": 8, "line": {"width": 2, "color": style.FAILED}}
    return points | {"type": "scatter", "yaxis": "y2", "marker": cross}


def importance_plot(pictures: Pictures) -> PlotlyPart:
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
    x_axis = make_axis("share of the importance, %") | {"showgrid": False, "rangemode": "tozero"}
    y_axis = make_axis("") | {"showgrid": False, "type": "category", "ticks": ""}
    return {"data": [bars], "layout": make_layout(110 + 34 * len(shares), x_axis, y_axis)}


def curves_plot(pictures: Pictures) -> PlotlyPart:
    """The learning curves of the best trials: the mean over runs, and each run as a thin line."""
    # From the last to the first, so that the best lies on top.
    ranked = reversed(list(zip(pictures.curves, style.RANKS, strict=False)))
    lines = [line for curve, colour in ranked for line in curve_lines(curve, colour, pictures.record.metric_name)]
    x_axis = make_axis("environment steps") | {"tickformat": ",d", "showgrid": False}
    layout = make_layout(430, x_axis, make_axis(curve_label(pictures.curves[0].key)))
    return {"data": lines, "layout": layout | {"legend": {"traceorder": "reversed", "font": {"size": 12}}}}


def curve_lines(curve: TrialCurve, colour: str, metric_name: str) -> list[PlotlyPart]:
    """One trial's lines; a click on its name in the legend hides them all."""
    group = {"legendgroup": str(curve.number)}
    name = f"trial {curve.number}: {metric_name} {format_metric(curve.value)}"
    thin = group | {"opacity": 0.35, "showlegend": False}
    runs = [make_line(run.steps, run.values, name, colour, 1.0) | thin for run in curve.runs]
    return [*runs, make_line(curve.mean.steps, curve.mean.values, name, colour, 2.5) | group | {"showlegend": True}]


def hover_texts(pictures: Pictures, numbers: Collection[int]) -> list[str]:
    """What the points of some trials say under the mouse, as HTML."""
    record, wanted = pictures.record, set(numbers)
    shown = record.varied_names()
    texts = {
        trial.number: hover_text(trial, record.metric_name, shown) for trial in record.trials if trial.number in wanted
    }
    return [texts[number] for number in numbers]


def hover_text(trial: TrialRecord, metric_name: str, shown: list[str]) -> str:
    """What one trial's point says: its number, its result, and its hyperparameters."""
    result = f"{metric_name} {format_metric(trial.value)}" if trial.is_complete else f"failed: {trial.error}"
    params = [format_params({name: trial.params[name]}) for name in shown if name in trial.params]
    return "<br>".join(html.escape(line) for line in [f"trial {trial.number}", result[:120], *params])
