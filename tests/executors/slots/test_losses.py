"""What is told of lost slots."""

import logging
import socket

from rliable.executors.slots.losses import GATHER_SECONDS, LostSlots


def lines_of(losses, caplog):
    caplog.set_level(logging.WARNING)
    lost = LostSlots()
    for host, reason, is_silent in losses:
        lost.note(host, reason, is_silent, now=10.0)
    lost.tell(now=10.0)
    assert caplog.messages == []
    for _ in range(2):
        lost.tell(now=10.0 + GATHER_SECONDS)
    return caplog.messages


def test_slots_of_a_host_that_are_lost_together_are_one_line(caplog):
    losses = [("two", f"the connection to slot {slot} broke", False) for slot in (1, 3, 4)]
    losses.insert(1, ("one", "no heartbeat from slot 2 for 15 s", True))
    assert lines_of(losses, caplog) == [
        "lost on host two: the connection to slot 1 broke, and 2 more; its runs go on in other slots",
        "lost on host one: no heartbeat from slot 2 for 15 s; its runs go on in other slots",
    ]


def test_the_end_of_a_process_on_the_drivers_host_is_told_by_who_started_it(caplog):
    here = socket.gethostname()
    assert lines_of([(here, "the connection to slot 1 broke", False)], caplog) == []


def test_silence_on_the_drivers_host_is_told(caplog):
    here = socket.gethostname()
    assert len(lines_of([(here, "no heartbeat from slot 1 for 15 s", True)], caplog)) == 1
