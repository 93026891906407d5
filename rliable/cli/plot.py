"""`plot`: draws a study's figures and its report again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rliable.cli.arguments import LineParser
from rliable.records.folders import StudyFolder
from rliable.report.formats import one_line
from rliable.report.plots import draw_study
from rliable.report.plots.drawer import draw_missing_curves
from rliable.schema import ConfigError


def run(arguments: Sequence[str]) -> int:
    """Runs the command.

    Raises:
      ConfigError: the folder holds no study, or a damaged one.
    """
    parser = LineParser(prog="rliable plot", description="Draw a study's figures (PNG) and its report (HTML).")
    parser.add_argument("folder", metavar="DIR", help="the study's folder, such as runs/RandomOptimDQN-20260101-120000")
    folder = Path(parser.parse_args(arguments).folder)
    if not (folder / "results.json").is_file():
        raise ConfigError([f"{folder}: no study here (results.json is missing)"])
    StudyFolder(folder).require_no_way_out()
    try:
        missing = draw_missing_curves(folder)
        paths = [*missing.drawn, *draw_study(folder)]
    except ValueError as error:
        raise ConfigError([f"{folder / 'results.json'}: cannot be drawn: {one_line(str(error))}"]) from error
    print("\n".join(map(str, paths)))
    if (note := missing.note(folder)) is not None:
        print(note, file=sys.stderr)
    return 0
