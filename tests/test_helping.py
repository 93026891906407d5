"""When parts of a training are given to helpers."""

import time

import pytest

from rliable import helping
from rliable.helping import Dealer


class OneHelper:
    """Somebody who does what is asked."""

    def __init__(self):
        self.orders = []

    def present(self):
        return ["slot 1"]

    def ask(self, helper, order):
        self.orders.append(order)

    def answer(self, helper):
        return self.orders[-1]


def rounds(seconds_each, number, dealer):
    """Deals four things, a number of times; gives what came of them each time."""

    def do(block):
        time.sleep(seconds_each * len(block))
        return list(block)

    return [
        dealer.deal("thing", 4, lambda block: bytes(block), do, lambda block, answer: list(answer))
        for _ in range(number)
    ]


@pytest.fixture(autouse=True)
def ready_soon(monkeypatch):
    monkeypatch.setattr(helping, "READY_SECONDS", 0.3)


def test_nobody_is_asked_before_a_run_has_spent_what_helpers_need_to_get_ready():
    helper = OneHelper()
    dealer = Dealer(helper)

    first = rounds(0.04, 1, dealer)
    assert helper.orders == []
    later = rounds(0.04, 3, dealer)

    assert len(helper.orders) == 2
    assert first == [[(range(4), [0, 1, 2, 3])]]
    assert later[-1] == [(range(2), [0, 1]), (range(2, 4), [2, 3])]


def test_nobody_is_asked_for_what_takes_no_time():
    helper = OneHelper()

    rounds(0.001, 100, Dealer(helper))

    assert helper.orders == []


def test_kinds_of_things_are_measured_apart():
    helper = OneHelper()
    dealer = Dealer(helper)
    rounds(0.1, 1, dealer)

    for _ in range(2):
        dealer.deal("quick thing", 4, bytes, list, lambda block, answer: list(answer))

    assert len(helper.orders) == 1  # the first time, when nobody knew how long it takes


def test_who_has_no_helpers_does_all():
    dealer = Dealer(None)

    assert dealer.is_alone
    assert rounds(0.1, 4, dealer) == [[(range(4), [0, 1, 2, 3])]] * 4
