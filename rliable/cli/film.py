"""Films the best trial of a study that is over, in a process of its own: the driver of a search loads no TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rliable.executors.filming import lack_of_film
from rliable.processes import environment_for_python
from rliable.records.folders import RunFolder, StudyFolder
from rliable.records.results import StudyRecord
from rliable.records.run_files import load_run
from rliable.report.film import film_path, study_film
from rliable.report.formats import one_line

#: Test episodes and frames of a study's film, and how long filming may take.
NUM_EPISODES, MAX_FRAMES, TIMEOUT_SECONDS = 3, 500, 120.0


def film_best(record: StudyRecord, folder: Path, trusted: Sequence[str]) -> str | None:
    """Films the first run of a study's best trial, if its environment can be drawn and that is not done yet.

    Args:
      record: the study.
      folder: the study's.
      trusted: names of the code that the search has run.

    Returns:
      Why it could not be filmed although it should, in one line; None otherwise.
    """
    try:
        return None if record.best is None else film_trial(record.best, folder, trusted)
    except subprocess.TimeoutExpired:
        return f"filming took longer than {TIMEOUT_SECONDS:g} s"
    except Exception as error:  # whatever it is, the study is complete
        return f"{type(error).__name__}: {one_line(str(error))}"


def film_trial(number: int, folder: Path, trusted: Sequence[str]) -> str | None:
    """Films a trial; see `film_best`."""
    target, run = study_film(folder, number), StudyFolder(folder).run(number, 0)
    if film_path(target).exists() or not run.model_json.is_file():
        return None
    if lack_of_film(load_run(run, trusted).model) is not None:
        return None
    target.parent.mkdir(exist_ok=True)
    done = subprocess.run(
        film_command(run, target, trusted),
        env=environment_for_python(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    lines = done.stderr.strip().splitlines()
    return None if done.returncode == 0 else one_line(lines[-1] if lines else f"exit code {done.returncode}")


def film_command(run: RunFolder, target: Path, trusted: Sequence[str]) -> list[str]:
    """What is run to film a run."""
    options = {"--model": run.path, "--episodes": NUM_EPISODES, "--video": target, "--video-frames": MAX_FRAMES}
    words = [str(word) for option in (*options.items(), *(("--trust", name) for name in trusted)) for word in option]
    return [sys.executable, "-P", "-m", "rliable", "evaluate", "--quiet", *words]
