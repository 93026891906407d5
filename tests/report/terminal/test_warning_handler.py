"""Warnings of the library on their way to the terminal."""

import io
import logging
import threading

import pytest

from rliable.report.terminal import Reporter, TerminalWarnings
from rliable.report.terminal import warning_handler as module


@pytest.fixture
def errors():
    """Where the terminal's warnings go while the handler is installed."""
    stream = io.StringIO()
    handler = TerminalWarnings(Reporter("normal", io.StringIO(), stream))
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def test_a_warning_of_the_library_is_one_line_in_the_terminal(errors):
    logging.getLogger("rliable.executors.slots.pool").warning("no slot for %g s:\n has the cluster free cores?", 60)
    assert errors.getvalue() == "warning: no slot for 60 s: has the cluster free cores?\n"


def test_what_others_say_and_what_is_no_warning_stays_in_the_log(errors):
    logging.getLogger("tensorflow").warning("some op")
    logging.getLogger("rliableness").warning("another package")
    logging.getLogger("rliable.tuning").setLevel(logging.DEBUG)
    logging.getLogger("rliable.tuning").info("a trial")
    assert errors.getvalue() == ""


def test_the_same_text_comes_once_a_minute(errors, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("rliable.report.terminal.warning_handler.time.monotonic", lambda: now)
    for now in (1000.0, 1030.0, 1059.0, 1061.0, 1070.0):
        logging.getLogger("rliable.executors").warning("slot %d died", 1)
        logging.getLogger("rliable.executors").warning("slot %d died", now)
    assert errors.getvalue().count("slot 1 died") == 2
    assert errors.getvalue().count("died") == 2 + 5


def test_a_warning_that_cannot_be_formatted_stops_nothing(errors, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logging.getLogger("rliable.executors").warning("%d slots", "many")
    assert errors.getvalue() == ""


def test_warnings_from_many_threads_are_whole_lines(errors):
    def warn(number):
        for count in range(50):
            logging.getLogger("rliable.executors").warning("thread %d, warning %d, %s", number, count, "x" * 200)
            logging.getLogger("rliable.executors").warning("all threads say this")

    threads = [threading.Thread(target=warn, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = errors.getvalue().splitlines()
    assert len(lines) == len(set(lines)) == 8 * 50 + 1
    assert all(line.startswith("warning: ") for line in lines)


def test_texts_of_long_ago_are_forgotten(monkeypatch):
    handler = TerminalWarnings(Reporter("normal", io.StringIO(), io.StringIO()))
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.0)
    for number in range(100):
        handler.handle(logging.makeLogRecord({"name": "rliable", "levelno": logging.WARNING, "msg": str(number)}))
    assert len(handler._shown) == 1
