"""The report of a study: one HTML page that needs no other file and no network."""

from __future__ import annotations

import base64
import html
import importlib.resources
import json
import string
from pathlib import Path
from typing import Any

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.facts import (
    error_text,
    goal_text,
    hosts_text,
    last_value,
    mode_text,
    model_text,
    num_planned,
    result_text,
    slot_names,
)
from rliable.report.film import SUFFIXES, study_film
from rliable.report.formats import format_duration, format_metric, format_value
from rliable.report.plots import interactive
from rliable.report.plots.data import Pictures, trials_text
from rliable.report.plots.parts import Caption, Kind, kind_of_trial

PAGE_NAME = "report.html"
CONFIG = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"]}


def write_page(pictures: Pictures, folder: Path) -> Path:
    """Writes `report.html`.

    Args:
      pictures: what it shows.
      folder: the study's folder.

    Returns:
      The page's path.
    """
    neighbour = folder / f"{PAGE_NAME}.tmp"
    neighbour.write_text(make_page(pictures, film_card(pictures.record, folder)), encoding="utf-8")
    return neighbour.replace(folder / PAGE_NAME)


def make_page(pictures: Pictures, film: str = "") -> str:
    """The page as one string, plotly.js included, with the card of a film before the pictures."""
    from plotly.offline import get_plotlyjs

    record = pictures.record
    template = importlib.resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    return string.Template(template).substitute(
        title=html.escape(record.optim_name),
        subtitle=html.escape(trials_text(record)),
        facts=html_facts(page_facts(record)),
        space=html_facts(record.space.describe()),
        cards=film + "".join(make_cards(pictures)),
        trials=html_trials(record),
        plotly=get_plotlyjs(),
    )


def film_card(record: StudyRecord, folder: Path) -> str:
    """The film of the best trial's test episodes, in the page itself; empty where there is none."""
    files = [study_film(folder, record.best).with_suffix(end) for end in SUFFIXES] if record.best is not None else []
    film = next((file for file in files if file.is_file()), None)
    if film is None:
        return ""
    data = base64.b64encode(film.read_bytes()).decode()
    shown = (
        f"<img src='data:image/gif;base64,{data}' alt='the film'>"
        if film.suffix == ".gif"
        else f"<video controls loop muted playsinline src='data:video/mp4;base64,{data}'></video>"
    )
    note = f"The first test episodes of trial {record.best}, run 0, played by the trained policy."
    return f"<section class='card' id='film'><h2>The best trial at work</h2><p class='note'>{note}</p>{shown}</section>"


def make_cards(pictures: Pictures) -> list[str]:
    """The pictures' parts of the page."""
    captions = {
        "history": (pictures.history.caption, interactive.history_plot),
        "parameters": (pictures.parameters.caption, interactive.parameters_plot),
        "importance": (pictures.importance.caption, interactive.importance_plot),
        "curves": (pictures.curves.caption, interactive.curves_plot),
    }
    return [
        make_card(name, caption, None if caption.missing else draw(pictures).to_plotly_json())
        for name, (caption, draw) in captions.items()
    ]


def make_card(name: str, caption: Caption, figure: dict[str, Any] | None) -> str:
    """One picture's part of the page; its words alone where there is nothing to draw."""
    note = caption.missing or caption.note
    text = f"<p class='note'>{html.escape(note)}</p>" if note else ""
    head = f"<section class='card' id='{name}'><h2>{html.escape(caption.title)}</h2>{text}"
    if figure is None:
        return f"{head}</section>"
    data = f"<script type='application/json' id='figure-{name}'>{script_json(figure | {'config': CONFIG})}</script>"
    return f"{head}<div data-figure='{name}'></div>{data}</section>"


def script_json(value: Any) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def page_facts(record: StudyRecord) -> dict[str, str]:
    """The study's facts by name."""
    best = record.best_trial
    facts = {
        "best": f"trial {best.number}: {result_text(best, record.metric_name)}" if best else "none",
        "goal": goal_text(record),
        "model": model_text(record),
        "trials": f"{len(record.trials)} of {num_planned(record)}",
        "stopped": record.stop_reason or record.status,
        "sampler": record.sampler,
        "seed": str(record.seed),
        "mode": mode_text(record),
    }
    if hosts := hosts_text(record):
        facts["hosts"] = hosts
    if record.learner:
        facts["learner"] = record.learner
    if record.seconds is not None:
        facts["time"] = format_duration(record.seconds)
    if record.slot_utilisation is not None:
        facts["slots busy"] = f"{100 * record.slot_utilisation:.0f} %"
    return facts


def html_facts(facts: dict[str, str]) -> str:
    """Names and facts as an HTML table."""
    rows = (f"<tr><th>{html.escape(name)}</th><td>{html.escape(fact)}</td></tr>" for name, fact in facts.items())
    return f"<table class='facts'>{''.join(rows)}</table>"


def html_trials(record: StudyRecord) -> str:
    """All trials as an HTML table whose columns a click sorts.

    A cell's `data-v` holds the number that it is sorted by, where its text is not that number.
    """
    names = record.varied_names()
    heads = ["trial", record.metric_name, *names, "time", "slot", "result"]
    head = "".join(f"<th tabindex='0'>{html.escape(name)}</th>" for name in heads)
    rows = "".join(html_row(trial, names, kind_of_trial(trial, record)) for trial in record.trials)
    return f"<table id='trials'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def html_row(trial: TrialRecord, names: list[str], kind: Kind) -> str:
    """One trial."""
    value = last_value(trial)
    looks = {Kind.FAILED: "failed", Kind.PRUNED: "pruned", Kind.TRIAL: "", Kind.BEST: "best"}
    cells = [
        make_cell(str(trial.number), trial.number),
        make_cell("" if value is None else format_metric(value), value),
        *(make_cell(format_value(trial.params.get(name, "")), trial.params.get(name)) for name in names),
        make_cell(format_duration(trial.duration_seconds), round(trial.duration_seconds, 4)),
        make_cell(slot_names(trial.slots)),
        make_cell(error_text(trial) if kind is Kind.FAILED else looks[kind]),
    ]
    return f"<tr class='{looks[kind]}'>{''.join(cells)}</tr>"


def make_cell(text: str, value: Any = None) -> str:
    """One cell; numbers are right-aligned and sorted by their full value."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"<td class='n' data-v='{value!r}'>{html.escape(text)}</td>"
    return f"<td>{html.escape(text)}</td>"
