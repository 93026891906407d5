"""The report of a study: one HTML page that needs no other file and no network."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from rliable.records.results import StudyRecord
from rliable.report.formats import format_duration, format_goal, format_metric
from rliable.report.plots import interactive, interactive_panels
from rliable.report.plots.page import BODY, SCRIPT, STYLE
from rliable.report.plots.pictures import Pictures, counts_text
from rliable.report.plots.trial_table import trial_table
from rliable.report.terminal.header import slots_of_cores

REPORT_NAME = "report.html"
CONFIG = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"]}


def write_report(pictures: Pictures, folder: Path) -> Path:
    """Writes `report.html`.

    Args:
      pictures: what it shows.
      folder: the study's folder.

    Returns:
      The page's path.
    """
    neighbour = folder / f"{REPORT_NAME}.tmp"
    neighbour.write_text(report_page(pictures), encoding="utf-8")
    return neighbour.replace(folder / REPORT_NAME)


def report_page(pictures: Pictures) -> str:
    """The page as one string, plotly.js included."""
    record = pictures.record
    return BODY.substitute(
        title=html.escape(record.optim_name),
        subtitle=html.escape(counts_text(record)),
        style=STYLE,
        facts=facts_table(report_facts(record)),
        space=facts_table(record.space.describe()),
        cards="".join(card(*section) for section in sections(pictures)),
        trials=trial_table(record),
        plotly=plotly_js(),
        script=SCRIPT,
    )


def sections(pictures: Pictures) -> list[tuple[str, str, str, dict[str, Any] | None]]:
    """The pictures: an identifier, a title, a sentence, and the figure; None where there is nothing to draw."""
    metric, history = pictures.record.metric_name, pictures.history
    has_history, has_panels = bool(history.numbers or history.failed), any(panel.values for panel in pictures.panels)
    importance = pictures.importance
    return [
        (
            "history",
            f"{metric} per trial",
            "" if has_history else "No trial has finished yet.",
            interactive.history_plot(pictures) if has_history else None,
        ),
        (
            "parameters",
            f"Hyperparameters against {metric}",
            "The best trial in orange; bars are medians." if has_panels else "There is no finished trial to show.",
            interactive_panels.parameters_plot(pictures) if has_panels else None,
        ),
        (
            "importance",
            "Parameter importance",
            importance.note,
            interactive.importance_plot(pictures) if importance.shares else None,
        ),
        (
            "curves",
            "Learning curves of the best trials",
            "" if pictures.curves else "No trial reported a learning curve.",
            interactive.curves_plot(pictures) if pictures.curves else None,
        ),
    ]


def card(name: str, title: str, note: str, figure: dict[str, Any] | None) -> str:
    """One picture's part of the page."""
    text = f"<p class='note'>{html.escape(note)}</p>" if note else ""
    head = f"<section class='card' id='{name}'><h2>{html.escape(title)}</h2>{text}"
    if figure is None:
        return f"{head}</section>"
    data = f"<script type='application/json' id='figure-{name}'>{script_json(figure | {'config': CONFIG})}</script>"
    return f"{head}<div data-figure='{name}'></div>{data}</section>"


def report_facts(record: StudyRecord) -> dict[str, str]:
    """The study's facts by name."""
    best = record.best_trial
    facts = {
        "best": f"trial {best.number}: {record.metric_name} {format_metric(best.value)}" if best else "none",
        "goal": f"{format_goal(record.criteria)} {record.metric_name}",
        "model": " on ".join(part for part in (record.model, record.environment) if part),
        "trials": f"{len(record.trials)} of {record.max_iters}",
        "stopped": record.stop_reason or record.status,
        "sampler": record.sampler,
        "seed": str(record.seed),
        "mode": f"{record.mode}, {slots_of_cores(record)}",
    }
    if record.seconds is not None:
        facts["time"] = format_duration(record.seconds)
    if record.slot_utilisation is not None:
        facts["slots busy"] = f"{100 * record.slot_utilisation:.0f} %"
    return facts


def facts_table(facts: dict[str, str]) -> str:
    """Names and facts as an HTML table."""
    rows = (f"<tr><th>{html.escape(name)}</th><td>{html.escape(fact)}</td></tr>" for name, fact in facts.items())
    return f"<table class='facts'>{''.join(rows)}</table>"


def script_json(value: Any) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def plotly_js() -> str:
    """The text of plotly.js, as plotly's package brings it."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())
