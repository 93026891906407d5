"""One search in a process of its own, watched from inside: what it costs this process, trial by trial."""

from __future__ import annotations

import json
import os
import pty
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rliable.cli.optimize import TerminalAudience
from rliable.cli.study import Mode, resume_study, run_study, start_study
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.terminal.reporter import Reporter
from rliable.tuning.interrupts import Interrupts


class Watch(TerminalAudience):
    """Shows the search in a terminal, and looks at two clocks whenever a trial has finished.

    Attributes:
      cpu, wall: seconds of this process, and of the world, after each trial.
    """

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(reporter)
        self.cpu: list[float] = []
        self.wall: list[float] = []

    def trial_finished(self, trial: TrialRecord, best: TrialRecord | None, num_finished: int) -> None:
        super().trial_finished(trial, best, num_finished)
        self.cpu.append(time.process_time())
        self.wall.append(time.monotonic())


def open_terminal() -> TextIO:
    """A terminal whose screen nobody sees."""
    screen, line = pty.openpty()
    os.environ["TERM"] = "xterm"
    threading.Thread(target=forget, args=(screen,), daemon=True).start()
    return os.fdopen(line, "w")


def forget(descriptor: int) -> None:
    """Reads to the end."""
    while os.read(descriptor, 2**16):
        pass


def search(order: dict[str, Any]) -> dict[str, Any]:
    """Runs a search.

    Args:
      order: the study file, the folder, the mode (executor and master), and changes where it is to be resumed.

    Returns:
      Its trials' clocks, when it began, its memory at most in MB, and what became of the runs.
    """
    started = time.monotonic()
    mode = Mode(order["executor"], master=order.get("master"))
    if "changes" in order:
        opened = resume_study(order["output"], order["changes"], mode)
    else:
        opened = start_study(order["study"], {}, order["output"], mode)
    watch = Watch(Reporter(stream=open_terminal()))
    with Interrupts(drains=True) as interrupts:
        record = run_study(opened, watch, interrupts, draws_curves=True, deadline=None)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"started": started, "cpu": watch.cpu, "wall": watch.wall, "peak_mb": peak_mb, **ends_of(record)}


def ends_of(record: StudyRecord) -> dict[str, int]:
    """How many trials failed, and how often the most unfortunate run was started."""
    attempts = [run.attempts for trial in record.trials for run in trial.runs]
    return {"num_failed": len(record.failed()), "most_attempts": max(attempts)}


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    Path(told["figures"]).write_text(json.dumps(search(told)))
