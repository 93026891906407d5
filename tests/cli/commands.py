"""Runs the command line in processes of its own."""

import subprocess
import sys
import time
from pathlib import Path

from rliable.records.results import load_record

ROOT = Path(__file__).parents[2]


def optimize(*arguments, script="optimize.py", folder=ROOT, **options):
    """Runs optimize.py, or another script, in a folder; without a script, Python with the arguments alone."""
    command = [sys.executable, *([str(ROOT / script)] if script else []), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120, **options)


def start(file, folder, *arguments):
    """Starts a search and does not wait for it."""
    command = [sys.executable, str(ROOT / "optimize.py"), str(file), "--output", str(folder), "--no-plots", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def wait_for_trials(folder, count):
    """Waits until a running study has finished some trials."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (folder / "results.json").exists() and len(load_record(folder).trials) >= count:
            return
        time.sleep(0.02)
    raise AssertionError(f"{folder}: fewer than {count} trials after 60 s")
