"""Each hyperparameter against the metric as one plotly figure of small multiples."""

from __future__ import annotations

import html
import math
from typing import Any

from rliable.report.formats import format_metric, format_number, shorten
from rliable.report.plots import style
from rliable.report.plots.panels import Panel, num_columns
from rliable.report.plots.pictures import Pictures
from rliable.report.plots.plotly_parts import MARGIN_BOTTOM, MARGIN_TOP, PlotlyPart, make_axis, make_layout, make_points

CELL, GAP = 210, 78  # height of a panel and between two, in pixels
GAP_X = 0.05  # between two panels, as a share of the width


def parameters_plot(pictures: Pictures) -> PlotlyPart:
    """One panel per varied hyperparameter, with the metric's axis in common; the best trial in orange."""
    panels = [panel for panel in pictures.panels if panel.values]
    rows = math.ceil(len(panels) / num_columns(len(panels)))
    layout = make_layout(MARGIN_TOP + MARGIN_BOTTOM + CELL * rows + GAP * (rows - 1), {}, {})
    layout["showlegend"] = False
    data = []
    for index, panel in enumerate(panels):
        key = str(index + 1) if index else ""
        layout[f"xaxis{key}"], layout[f"yaxis{key}"] = panel_axes(pictures, panels, index, key)
        data += [trace | {"xaxis": f"x{key}", "yaxis": f"y{key}"} for trace in panel_traces(panel, pictures)]
    return {"data": data, "layout": layout}


def panel_axes(pictures: Pictures, panels: list[Panel], index: int, key: str) -> tuple[PlotlyPart, PlotlyPart]:
    """The axes of one panel in its place.

    Args:
      pictures: the study.
      panels: all panels that are drawn.
      index: which one.
      key: the number in its axes' names; empty for the first.
    """
    x_domain, y_domain = panel_place(index, len(panels))
    is_first_column = index % num_columns(len(panels)) == 0
    y_axis = make_axis(pictures.record.metric_name if is_first_column else "", pictures.is_log)
    y_axis |= {"domain": y_domain, "anchor": f"x{key}", "showticklabels": is_first_column}
    x_axis = make_axis(panels[index].name, panels[index].is_log) | {"showgrid": False, "nticks": 5}
    x_axis |= {"domain": x_domain, "anchor": f"y{key}"} | axis_ticks(panels[index])
    return x_axis, y_axis | ({"matches": "y"} if index else {})


def panel_place(index: int, num_panels: int) -> tuple[list[float], list[float]]:
    """The place of a panel, left to right and top to bottom, as shares of the whole: ([left, right], [bottom, top])."""
    columns = num_columns(num_panels)
    rows = math.ceil(num_panels / columns)
    width, height = (1 + GAP_X) / columns, CELL * rows + GAP * (rows - 1)
    left, top = (index % columns) * width, 1 - (index // columns) * (CELL + GAP) / height
    return [left, min(1.0, left + width - GAP_X)], [max(0.0, top - CELL / height), top]


def axis_ticks(panel: Panel) -> dict[str, Any]:
    """The limits and ticks of a panel's horizontal axis; plotly wants logarithms on a logarithmic one."""
    if panel.limits is None:
        return {}
    low, high = panel.limits
    if panel.categories:
        # Names that do not fit beside each other would be turned into the row below.
        names = [html.escape(shorten(name, max(3, 24 // len(panel.categories)))) for name in panel.categories]
        return {"range": [low, high], "tickvals": list(range(len(names))), "ticktext": names, "tickangle": 0}
    if not panel.is_log:
        return {"range": [low, high]}
    ticks = style.log_ticks(low, high)
    texts = [format_number(tick) for tick in ticks]
    return {"range": [math.log10(low), math.log10(high)], "tickvals": ticks, "ticktext": texts}


def panel_traces(panel: Panel, pictures: Pictures) -> list[PlotlyPart]:
    """The points of a panel, and the medians of its categories."""
    is_best = [number == pictures.record.best for number in panel.numbers]
    points = make_points(panel.positions, panel.values, "", panel_texts(panel, pictures.record.metric_name))
    colours = [style.BEST if best else style.TRIAL for best in is_best]
    size = points["marker"]["size"]
    points["marker"] |= {"color": colours, "size": [size + 4 if best else size for best in is_best]}
    return [points, median_marks(panel) | {"type": points["type"]}] if panel.categories else [points]


def panel_texts(panel: Panel, metric_name: str) -> list[str]:
    """What the points of a panel say under the mouse, as HTML."""
    name, metric = html.escape(panel.name), html.escape(metric_name)
    return [
        f"trial {number}<br>{name} {html.escape(label)}<br>{metric} {format_metric(value)}"
        for number, label, value in zip(panel.numbers, panel.labels, panel.values, strict=True)
    ]


def median_marks(panel: Panel) -> PlotlyPart:
    """A short horizontal line at each category's median."""
    marks = [(index, median) for index, median in enumerate(panel.medians) if median is not None]
    xs = [x for index, _ in marks for x in (index - 0.32, index + 0.32, None)]
    ys = [y for _, median in marks for y in (median, median, None)]
    line = {"color": style.INK, "width": 2}
    return {"mode": "lines", "x": xs, "y": ys, "line": line, "hoverinfo": "skip"}
