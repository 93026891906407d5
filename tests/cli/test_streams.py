"""What reaches a terminal or a pipe, and what does not; in real processes, as children count."""

import subprocess
import sys

import pytest

NOISY = """
import os, subprocess, sys
from rliable.cli.streams import redirect_stderr, redirect_stdout
from pathlib import Path
with redirect_stderr(Path(sys.argv[1])) as errors, redirect_stdout() as output:
    print("a model's print")
    os.write(1, b"a library's\\n")
    subprocess.run(["echo", "a child's"])
    subprocess.run("echo a complaint >&2", shell=True)
    print("for the user", file=errors)
    print("the result \\udcff", file=output)
print("afterwards")
"""


@pytest.fixture
def run(tmp_path):
    def start(program):
        command = [sys.executable, "-c", program, str(tmp_path / "log.txt")]
        return subprocess.run(command, capture_output=True, text=True, check=True)

    return start


def test_only_the_result_reaches_standard_output(run, tmp_path):
    done = run(NOISY)

    assert done.stdout == "the result \\udcff\nafterwards\n"
    assert done.stderr == "for the user\n"
    assert (tmp_path / "log.txt").read_text() == "a model's print\na library's\na child's\na complaint\n"


REPLACED = """
import contextlib, io, sys
from rliable.cli.streams import redirect_stdout
own = io.StringIO()
with contextlib.redirect_stdout(own):
    with redirect_stdout() as output:
        print("a model's print")
    print("captured")
assert own.getvalue() == "captured\\n"
"""


def test_a_stream_that_somebody_has_replaced_is_put_back(run):
    done = run(REPLACED)

    assert (done.stdout, done.stderr) == ("", "a model's print\n")
