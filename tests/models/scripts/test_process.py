"""A script that runs: its output, its end, and how it is ended."""

import os
import sys
import time

import psutil
import pytest

from models.scripts.process import Script, ScriptError


def run(code, *arguments, grace=5.0):
    lines = []
    with Script([sys.executable, "-c", code, *arguments], grace) as script:
        for new in script.rounds():
            lines += new
        script.check()
    return lines


def test_lines_of_both_outputs_arrive_also_a_last_one_without_end():
    lines = run("import sys; print('a'); print('b', file=sys.stderr); print('c\\rd', end='')")
    assert sorted(lines) == ["a", "b", "c", "d"]


def test_lines_arrive_while_the_script_runs():
    code = "import time\nfor i in range(3): print(i); time.sleep(0.5)"
    with Script([sys.executable, "-c", code], 1.0) as script:
        arrived = {line: time.monotonic() for new in script.rounds() for line in new}
    assert arrived["2"] - arrived["0"] > 0.7


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("raise ValueError('x is bad')", "ValueError: x is bad (exit code 1)"),
        ("import sys; sys.exit(3)", "the script ended with exit code 3 and said nothing on stderr"),
        ("import os; os.kill(os.getpid(), 9)", "the script ended with signal 9 and said nothing on stderr"),
    ],
)
def test_a_bad_end_is_one_line(code, line):
    with pytest.raises(ScriptError) as ended:
        run(code)
    assert str(ended.value) == line


def test_a_program_that_is_not_there_is_one_line():
    with pytest.raises(ScriptError, match=r"'no-such-program' cannot be started: .*No such file"):
        Script(["no-such-program"], 1.0)


def test_a_script_is_asked_to_end_and_what_it_started_ends_with_it(tmp_path):
    code = (
        "import pathlib, signal, subprocess, sys, time\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "def end(*_): pathlib.Path(sys.argv[1]).write_text('asked'); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print(child.pid); time.sleep(60)"
    )
    with Script([sys.executable, "-c", code, str(tmp_path / "told")], 5.0) as script:
        pid = next(int(line) for new in script.rounds() for line in new)
    assert (tmp_path / "told").read_text() == "asked"
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_script_that_will_not_end_is_killed():
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf')\ntime.sleep(60)"
    started = time.monotonic()
    with Script([sys.executable, "-c", code], 0.3) as script:
        next(line for new in script.rounds() for line in new)
    assert 0.3 < time.monotonic() - started < 10


def test_a_script_ends_though_something_keeps_its_output_open():
    started = time.monotonic()
    assert run("import subprocess; subprocess.Popen(['sleep', '30']); print('done')") == ["done"]
    assert time.monotonic() - started < 10


def test_a_script_that_closes_its_output_is_waited_for():
    assert run("import os, time; print('a'); os.close(1); os.close(2); time.sleep(0.5)") == ["a"]


def test_a_script_gets_the_users_python_path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/ours")
    monkeypatch.setenv("RLIABLE_USERS_PYTHONPATH", "/theirs")
    code = "import os; print(os.environ['PYTHONPATH'], 'RLIABLE_USERS_PYTHONPATH' in os.environ)"
    assert run(code) == ["/theirs False"]
    assert os.environ["PYTHONPATH"] == "/ours"


def test_much_output_does_not_hold_a_script_up():
    assert len(run("for i in range(100_000): print(i, 'x' * 20)")) == 100_000
