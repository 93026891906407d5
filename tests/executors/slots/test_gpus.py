import os

import pytest

from rliable.executors.slots.child import SlotSettings, process_environment
from rliable.executors.slots.gpus import GPU_VARIABLE, gpu_problem, gpus_of, num_slots_for, visible_gpus


@pytest.mark.parametrize(
    ("per_slot", "shares"),
    [
        (1, [("a",), ("b",), ("c",), ("d",), ()]),
        (2, [("a", "b"), ("c", "d"), ()]),
        (0.5, [("a",), ("a",), ("b",), ("b",), ("c",)]),
        (0.4, [("a",), ("a",), ("b",), ("b",), ("c",)]),
    ],
)
def test_each_slot_sees_its_own_gpus_or_shares_one(per_slot, shares):
    assert [gpus_of(slot, per_slot, ["a", "b", "c", "d"]) for slot in range(len(shares))] == shares


@pytest.mark.parametrize(
    ("num_gpus", "per_slot", "num_slots"), [(4, 1, 4), (4, 3, 1), (2, 0.5, 4), (2, 0.3, 6), (0, 1, 0)]
)
def test_gpus_serve_so_many_slots(num_gpus, per_slot, num_slots):
    assert num_slots_for(num_gpus, per_slot) == num_slots


def test_the_gpus_that_this_process_sees_are_shared_out(monkeypatch):
    monkeypatch.setenv(GPU_VARIABLE, "3, GPU-5e,-1")

    assert visible_gpus() == ["3", "GPU-5e"]
    settings = SlotSettings(("", 0), b"", gpus_per_slot=0.5).sharing_gpus(3)
    assert process_environment(settings, "/folder")[GPU_VARIABLE] == "GPU-5e"


def test_without_a_wish_no_gpu_is_hidden():
    assert GPU_VARIABLE not in process_environment(SlotSettings(("", 0), b"").sharing_gpus(0), "/folder")


def test_too_few_gpus_are_told(monkeypatch):
    monkeypatch.setitem(os.environ, GPU_VARIABLE, "0")

    assert gpu_problem(2, 0.5) is gpu_problem(9, None) is None
    told = "gpus_per_trial: 2 slots of 1 need more GPUs than the 1 that are to be seen here"
    assert gpu_problem(2, 1) == told
