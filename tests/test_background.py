"""The tests themselves, started as a job in the background, where Ctrl-C is ignored."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENDS_BY_INTERRUPT = "import signal; signal.raise_signal(signal.SIGINT)"


def ignore_interrupts():
    """Called in a new process before its program begins."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_an_interrupt_reaches_what_a_test_starts():
    done = subprocess.run([sys.executable, "-c", ENDS_BY_INTERRUPT], capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGINT


def test_an_interrupt_reaches_it_also_when_the_tests_run_in_the_background():
    this = f"{__file__}::test_an_interrupt_reaches_what_a_test_starts"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", this]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, preexec_fn=ignore_interrupts)
    assert done.returncode == 0, done.stdout
