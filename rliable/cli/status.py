"""`status`: tells how studies stand, also those that run elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from rliable.cli.arguments import LineParser
from rliable.records.folders import StudyFolder
from rliable.records.results import load_record
from rliable.records.saved_study import planned_record
from rliable.report.terminal.status_report import FoundStudy, status_as_json, write_status
from rliable.schema import ConfigError


def run(arguments: Sequence[str]) -> int:
    """Runs the command.

    Raises:
      ConfigError: with every folder that holds no study.
    """
    parser = LineParser(prog="rliable status", description="Tell how studies stand; they may be running elsewhere.")
    parser.add_argument("folders", nargs="+", metavar="DIR", help="a study's folder, or one that holds several")
    parser.add_argument("--json", action="store_true", help="print one JSON object per study")
    args = parser.parse_args(arguments)
    studies = find_studies(args.folders)
    if args.json:
        print("\n".join(json.dumps(status_as_json(study)) for study in studies))
    else:
        write_status(studies)
    return 0


def find_studies(names: Sequence[str]) -> list[FoundStudy]:
    """The studies in some folders, the latest last.

    Raises:
      ConfigError: one line per folder without a study, and per study whose record cannot be read.
    """
    found: list[FoundStudy] = []
    problems: list[str] = []
    for name in names:
        folders = study_folders(Path(name))
        problems += [] if folders else [f"{name}: no study here (study.json is missing)"]
        for folder in folders:
            try:
                found.append(look_at(folder))
            except (ValueError, ConfigError) as error:
                problems.append(str(error))
    if problems:
        raise ConfigError(problems)
    return sorted(found, key=lambda study: study.record.started)


def study_folders(folder: Path) -> list[Path]:
    """The folder itself if it holds a study, else those below it that do."""
    candidates = [folder, *sorted(folder.glob("*/"))]
    studies = [candidate for candidate in candidates if StudyFolder(candidate).study_json.is_file()]
    return studies[:1] if studies[:1] == [folder] else studies


def look_at(path: Path) -> FoundStudy:
    """One study as it is now; one that has not written down a result yet is there all the same."""
    folder = StudyFolder(path)
    now = time.time()
    record = load_record(path) if folder.results_json.is_file() else planned_record(folder)
    return FoundStudy(path, record, folder.lock.is_taken(), now)
