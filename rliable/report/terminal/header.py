"""The header of a study: what is searched, how, and where."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rliable.records.results import StudyRecord
from rliable.report.facts import goal_text, hosts_text, mode_text, model_text, num_planned, planned_text
from rliable.report.formats import one_line


def study_header(record: StudyRecord, notes: Sequence[str] = ()) -> RenderableType:
    """The header.

    Args:
      record: the study, with its trials when it is resumed.
      notes: lines that the user should know about this study.
    """
    parts: list[RenderableType] = [Text(one_line(record.optim_name), style="bold"), facts_table(header_facts(record))]
    if record.search_space:
        parts += [Text(), space_table(record.space.describe())]
    parts += [Text(), *(Text(one_line(note), style="yellow") for note in notes), *([Text()] if notes else [])]
    return Group(*parts)


def header_facts(record: StudyRecord) -> dict[str, str]:
    """The facts of a study by name, in the order in which they are shown."""
    facts = {
        "model": model_text(record),
        "goal": goal_text(record),
        "trials": planned_text(record),
        "mode": mode_text(record),
        "hosts": hosts_text(record),
        "learner": record.learner,
        "seed": str(record.seed),
    }
    if record.trials:
        facts["resumed"] = f"{len(record.trials)} of {num_planned(record)} trials are finished already"
    return {name: one_line(fact) for name, fact in facts.items() if fact}


def facts_table(facts: dict[str, str]) -> Table:
    """Names and facts in two columns."""
    table = Table.grid(padding=(0, 2), pad_edge=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(Text(name), Text(fact))
    return table


def space_table(phrases: dict[str, str]) -> Table:
    """The search space: a hyperparameter and its phrase a row."""
    table = Table(box=None, padding=(0, 2), pad_edge=True, header_style="dim")
    table.add_column("hyperparameter", overflow="fold")
    table.add_column("search space", overflow="fold")
    for name, phrase in phrases.items():
        table.add_row(Text(one_line(name)), Text(one_line(phrase)))
    return table
