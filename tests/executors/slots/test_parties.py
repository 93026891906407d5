"""Who helps whom: the driver's book, without slots."""

import pytest

from rliable.executors.slots.parties import HelpBook


@pytest.fixture
def book():
    """A book in which slot 0 trains and slot 1 helps."""
    book = HelpBook()
    book.invite("slot 0")
    assert book.join("slot 1") == "slot 0"
    return book


def test_nobody_helps_a_run_that_has_not_asked():
    assert HelpBook().join("slot 1") is None


def test_a_slot_joins_once(book):
    assert book.join("slot 1") is None


def test_idle_slots_spread_over_the_runs(book):
    book.invite("slot 5")

    assert [book.join(f"slot {number}") for number in (2, 3, 4)] == ["slot 5", "slot 0", "slot 5"]


def test_an_order_goes_to_a_slot_that_is_there_and_its_answer_to_whom_it_is_for(book):
    assert not book.begin("slot 0", "slot 2")
    assert book.begin("slot 0", "slot 1")
    assert book.finish("slot 1", 2.5) == "slot 0"
    assert book.finish("slot 1", 2.5) is None
    assert book.end("slot 0") == 2.5


def test_a_slot_that_has_left_for_other_work_gets_no_order_until_it_comes_back(book):
    book.leave("slot 1")

    assert not book.begin("slot 0", "slot 1")
    assert book.join("slot 1") == "slot 0"
    assert book.begin("slot 0", "slot 1")


def test_a_slot_that_fails_is_told_of_only_if_somebody_waits_and_helps_that_run_no_more(book):
    assert book.fail("slot 1") is None
    assert book.join("slot 1") is None
    book.join("slot 2")
    book.begin("slot 0", "slot 2")
    assert book.fail("slot 2") == "slot 0"
    book.invite("slot 3")
    assert book.join("slot 1") == "slot 3"


def test_nobody_waits_for_an_order_of_a_run_that_has_ended_or_begun_again(book):
    book.begin("slot 0", "slot 1")
    book.end("slot 0")
    book.invite("slot 0")

    assert book.finish("slot 1", 1.0) is None
    assert book.end("slot 0") == 0.0
