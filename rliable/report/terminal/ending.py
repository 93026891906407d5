"""What is said at the end of a study, to people in a terminal or as one JSON object to programs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rliable.records.encoding import as_json
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.facts import counts_text, error_text, hosts_text, result_text
from rliable.report.formats import format_duration, format_metric, format_value, one_line
from rliable.report.terminal.header import facts_table

NUM_SHOWN = 5
OPENERS = {"darwin": "open", "win32": "start"}


def study_ending(
    record: StudyRecord, folder: Path, is_drawing: bool = False, trusted: Sequence[str] = ()
) -> RenderableType:
    """The last thing a study prints.

    Args:
      record: the study.
      folder: the study's folder.
      is_drawing: whether its pictures are drawn now, so that they will be there when somebody opens them.
      trusted: names that have to follow `--trust` when it goes on or is evaluated.
    """
    files = study_files(folder, is_drawing)
    parts: list[RenderableType] = [Text()]
    if ranked := record.ranked():
        parts += [Text(best_title(len(ranked)), style="bold"), best_table(record, ranked[:NUM_SHOWN]), Text()]
    elif record.trials:
        parts += [Text(no_result_text(record), style="red"), Text()]
    parts += [facts_table(ending_facts(record, folder) | files), Text()]
    for purpose, command in next_commands(record, folder, files, trusted).items():
        parts += [Text(f"{purpose}:", style="dim"), Text(f"  {command}", overflow="fold")]
    return Group(*parts)


def best_title(num_complete: int) -> str:
    """The title of the table of the best."""
    words = ("The best trial", "The best two trials", "The best three trials", "The best four trials")
    return words[num_complete - 1] if num_complete <= len(words) else "The best five trials"


def best_table(record: StudyRecord, trials: list[TrialRecord]) -> Table:
    """The best trials; hyperparameters in the rows, so that any number of them fits any width."""
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=True, header_style="dim")
    table.add_column("trial", style="dim", overflow="fold")
    for rank, trial in enumerate(trials):
        table.add_column(str(trial.number), justify="right", overflow="fold", style="green" if rank == 0 else "")
    # What users have named is given as Text: a plain string would be read as markup.
    table.add_row(Text(one_line(record.metric_name)), *(Text(format_metric(trial.value), "bold") for trial in trials))
    for name in record.varied_names():
        table.add_row(Text(one_line(name)), *(Text(format_value(trial.params.get(name, "-"))) for trial in trials))
    table.add_row("time", *(format_duration(trial.duration_seconds) for trial in trials))
    return table


def no_result_text(record: StudyRecord) -> str:
    """Why there is no best trial, with the first error."""
    failed = record.failed()
    if not failed:
        return "Every trial was pruned before its end"
    what = "Every trial failed" if len(failed) == len(record.trials) else "Every trial was pruned or failed"
    return f"{what}; trial {failed[0].number}: {error_text(failed[0])}"


def ending_facts(record: StudyRecord, folder: Path) -> dict[str, str]:
    """What came of the study, and where it is."""
    facts = {"stopped": record.stop_reason or record.status, "trials": counts_text(record)}
    if record.seconds is not None:
        facts["time"] = format_duration(record.seconds)
    if record.slot_utilisation is not None:
        facts["slots busy"] = f"{100 * record.slot_utilisation:.0f} %"
    if hosts := hosts_text(record):
        facts["hosts"] = hosts
    return facts | {"study": str(folder)}


def study_files(folder: Path, is_drawing: bool = False) -> dict[str, str]:
    """The files that a user looks for, as far as they are there or are being drawn."""
    files = {"best": folder / "best", "report": folder / "report.html", "pictures": folder / "figures"}
    return {name: str(path) for name, path in files.items() if path.exists() or (is_drawing and name != "best")}


def next_commands(record: StudyRecord, folder: Path, files: dict[str, str], trusted: Sequence[str]) -> dict[str, str]:
    """What to do next, and the command that does it."""
    commands = {}
    trust = [word for name in trusted for word in ("--trust", name)]
    if record.status == "interrupted":
        commands["Go on with this study"] = f"{program('optimize')} {shlex.join(['--resume', str(folder), *trust])}"
    if "best" in files:
        words = shlex.join(["--model", files["best"], *trust])
        commands["Evaluate the best model again"] = f"{program('evaluate')} {words}"
    if "report" in files:
        opener = OPENERS.get(sys.platform, "xdg-open")
        commands["Open the report"] = f"{opener} {shlex.quote(files['report'])}"
    return commands


def program(name: str) -> str:
    """How this user calls one of our programs: "python evaluate.py", or "rliable evaluate" if installed."""
    is_installed = Path(sys.argv[0]).stem == "rliable"
    return f"rliable {name}" if is_installed else f"python {name}.py"


def best_line(record: StudyRecord, folder: Path) -> str:
    """The one line that `--quiet` leaves of a study."""
    best = record.best_trial or next(iter(record.ranked()), None)
    if best is None:
        return f"no trial has a result: {counts_text(record)}; {folder}"
    path = study_files(folder).get("best", str(folder / best.folder))
    return f"best trial {best.number}: {result_text(best, record.metric_name)}; {path}"


def summary(record: StudyRecord, folder: str | Path) -> dict[str, Any]:
    """What came of a study, as JSON values.

    Args:
      record: the study.
      folder: the study's folder.

    Returns:
      The study's facts, its best trial (None without one), and the paths of its files.
    """
    best = record.best_trial
    facts = {
        "study": record.optim_name,
        "mode": record.mode,
        "seed": record.seed,
        "status": record.status,
        "stop_reason": record.stop_reason,
        "metric": {"name": record.metric_name, "criteria": record.criteria, "over_seeds": record.over_seeds},
        "num_trials": len(record.trials),
        "num_pruned": len(record.pruned()),
        "num_failed": len(record.failed()),
        "best": best and best_as_json(best),
        "slot_utilisation": record.slot_utilisation,
        "seconds": record.seconds,
        "folder": str(folder),
        "files": study_files(Path(folder)),
    }
    json_facts: dict[str, Any] = as_json(facts)
    return json_facts


def best_as_json(trial: TrialRecord) -> dict[str, Any]:
    """The best trial, without its runs."""
    return {
        "number": trial.number,
        "value": trial.value,
        "params": trial.params,
        "hp_params": trial.hp_params,
        "metrics": trial.metrics,
        "seeds": [run.seed for run in trial.runs],
        "folder": trial.folder,
    }
