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
    assert book.finish("slot 1", 2.5, b"done") == "slot 0"
    assert book.finish("slot 1", 2.5, b"done") is None
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

    assert book.finish("slot 1", 1.0, b"late") is None
    assert book.end("slot 0") == 0.0


def test_an_answer_is_kept_until_the_run_waits_for_it_and_given_once(book):
    book.begin("slot 0", "slot 1")
    book.finish("slot 1", 1.0, b"done")
    assert book.due("slot 0") is None

    book.wait("slot 0", "slot 1")

    assert book.due("slot 0") == ("slot 1", b"done")
    assert book.due("slot 0") is None


def test_a_run_that_waits_first_gets_the_answer_as_soon_as_it_is_there(book):
    book.begin("slot 0", "slot 1")
    book.wait("slot 0", "slot 1")
    assert book.due("slot 0") is None

    book.finish("slot 1", 1.0, b"done")

    assert book.due("slot 0") == ("slot 1", b"done")


@pytest.mark.parametrize("loss", ["lost with its order", "gone before its order came"])
def test_a_run_that_waits_for_a_slot_that_is_gone_is_told_so(book, loss):
    if loss == "lost with its order":
        book.begin("slot 0", "slot 1")
        book.fail("slot 1")
    else:
        book.leave("slot 1")
        book.begin("slot 0", "slot 1")

    book.wait("slot 0", "slot 1")

    assert book.due("slot 0") == ("slot 1", None)
