"""Signals as real processes get them."""

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from rliable.tuning.interrupts import SIGNALS

STUBBORN = """
import time
from rliable.tuning.interrupts import Interrupts
with Interrupts() as interrupts:
    while True:
        try:
            print("ready", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            print("swallowed", interrupts.received, flush=True)
"""

BRIEF = """
import signal
from rliable.tuning.interrupts import Interrupts
with Interrupts():
    print("ready", flush=True)
    input()
print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)
"""


def ignore_only(ignored):
    """Called in a new process before its program begins, for the tests themselves may run under `nohup`."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN if number == ignored else signal.SIG_DFL)


@pytest.fixture
def start():
    """Starts a program, with a signal ignored as its parent has it, and waits until it is ready."""
    processes = []

    def begin(program, ignored=None):
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=partial(ignore_only, ignored),
        )
        processes.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def catches(process, number):
    """Tells whether a process has a handler for a signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    mask = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask.split()[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_third_signal_ends_what_swallows_the_first(start, number):
    process = start(STUBBORN)

    process.send_signal(number)
    assert process.stdout.readline() == f"swallowed {number}\n"
    process.send_signal(number)
    deadline = time.monotonic() + 5
    while catches(process, number):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.poll() is None
    process.send_signal(number)

    assert process.wait(5) == -number


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_was_ignored_stays_ignored(start, number):
    process = start(STUBBORN, number)

    for _ in range(3):
        process.send_signal(number)
        time.sleep(0.1)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)

    assert process.stdout.readline() == f"swallowed {signal.SIGTERM}\n"


def test_what_was_ignored_before_is_ignored_afterwards(start):
    assert start(BRIEF, signal.SIGHUP).communicate("\n")[0] == "True\n"
