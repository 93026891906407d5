"""What a slot finds before it gets work, and what the driver makes of it."""

import logging
import time
from multiprocessing.connection import Pipe

import pytest
from unit_makers import make_options, make_unit

from rliable.executors.base import ExecutorError, ExecutorOptions
from rliable.executors.local import LocalExecutor
from rliable.executors.slots import preflight
from rliable.executors.slots.messages import Ready
from rliable.executors.slots.preflight import Preflight, look_around
from rliable.executors.slots.slot import Slot
from rliable.unit import ModelConfig

MAZE = """
import os
from rliable.model import EpisodicModel
class Model(EpisodicModel):
    learns_from = ("environment",)
    num_test_episodes = 1
    def train(self, data, *args): pass
    def run_episodes(self, data, episodes): return [0.0 for _ in episodes]
    def predict(self, data): pass
    def save(self): pass
    def load_model(self): pass
class Broken:
    def __init__(self):
        import gymnasium
        self.observation_space = gymnasium.spaces.Box(0.0, 1.0, (2,))
        self.action_space = gymnasium.spaces.Discrete(2)
        self.metadata = {}
    def reset(self, seed=None, options=None):
        return self.observation_space.sample(), {}
    def step(self, action):
        raise OSError("the licence server does not answer")
"""


def model_of(name, environment="rows.csv"):
    return ModelConfig(name, environment, "", {})


def slot_on(host, number=0):
    return Slot(f"slot {number}", Pipe()[0], host, 0.0)


def passed(flight, host, number=0, **found):
    """A slot that has come and found this."""
    slot = slot_on(host, number)
    flight.came(slot)
    flight.passed(slot, Ready(**{"cores": 8, "memory_mb": 16_000, **found}))
    return slot


def test_a_model_that_cannot_be_imported_is_a_fault(tmp_path):
    (tmp_path / "lost.py").write_text("import no_such_package\nclass Model: pass\n")

    found = look_around(model_of(f"{tmp_path}/lost.py:Model"), 1)

    assert f"{tmp_path}/lost.py:Model cannot be imported: " in found.problem
    assert "the package 'no_such_package' is missing" in found.problem
    assert found.versions["numpy"] and found.processor and found.cores >= 1 and found.memory_mb > 100


def test_an_environment_whose_first_step_fails_is_a_fault(tmp_path):
    (tmp_path / "maze.py").write_text(MAZE)
    model = model_of(f"{tmp_path}/maze.py:Model", f"{tmp_path}/maze.py:Broken")

    found = look_around(model, 1)

    assert found.problem == f"the first step in {model.environment}: OSError: the licence server does not answer"


def test_a_file_that_is_not_there_is_a_fault():
    assert "nowhere.csv cannot be opened: " in look_around(model_of("user_models:Rows", "nowhere.csv"), 1).problem


def test_what_works_has_no_fault():
    assert look_around(None, 1).problem is None
    assert look_around(model_of("DQN", "CartPole-v0"), 1).problem is None


def test_a_slot_that_is_not_fit_gets_no_run_and_is_told_once(caplog):
    flight = Preflight(ExecutorOptions(num_workers=3))

    unfit = [passed(flight, "node1", number, problem="no disk") for number in (0, 1)]
    fit = passed(flight, "node2", 2)

    assert [slot.is_free for slot in [*unfit, fit]] == [False, False, True]
    for _ in range(2):
        flight.review([*unfit, fit])
    assert caplog.messages == ["node1: no disk; its slots get no run"]


def test_a_search_ends_when_all_slots_have_come_and_none_is_fit():
    flight = Preflight(ExecutorOptions(num_workers=2))
    slots = [passed(flight, "node1", 0, problem="no disk")]
    flight.review(slots)  # the other may be fit
    slots.append(passed(flight, "node2", 1, problem="no network"))

    with pytest.raises(ExecutorError, match="no slot can run this study; node1: no disk"):
        flight.review(slots)


def test_a_search_waits_a_while_for_slots_that_may_be_fit(monkeypatch):
    flight = Preflight(ExecutorOptions(num_workers=None))
    slots = [passed(flight, "node1", 0, problem="no disk")]
    flight.review(slots)
    monkeypatch.setattr(preflight, "OTHERS_SECONDS", 0.0)

    with pytest.raises(ExecutorError, match="no disk"):
        flight.review(slots)


def test_differences_between_machines_are_told_once_each(caplog):
    flight = Preflight(ExecutorOptions(num_workers=3, threads=6, memory_mb=9_000))
    for number in range(3):
        passed(flight, "node1", number, versions={"numpy": "0.1", "unheard-of": "1"}, processor="A")
    passed(flight, "node2", 3, processor="B")
    passed(flight, "node3", 4, processor="B")

    versions, memory, cores, kinds = caplog.messages
    assert versions.startswith("node1 has numpy 0.1 (here ") and versions.endswith("install the same versions there")
    assert cores == "node1 has 8 cores, and its slots compute with more than 16: they slow each other down"
    assert memory.startswith("node1 has 16,000 MB of memory and slots that may use more")
    assert kinds.startswith("there are processors of several kinds, A (node1) and B (node2)")


@pytest.mark.parametrize("name", ["Plain", "SlowImport"])
def test_a_slot_works_after_its_check(name):
    executor = LocalExecutor(make_options(name, model=model_of(f"user_models:{name}", "name")))

    (result,) = executor.execute(iter([make_unit(name)]))
    executor.close()

    assert result.error is None


def test_a_process_that_dies_before_it_is_ready_is_tried_again_and_then_ends_the_search(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    (tmp_path / "fatal.py").write_text(f"import os\nopen('{tmp_path}/starts', 'a').write('x')\nos._exit(5)\n")
    name = f"{tmp_path}/fatal.py:Model"
    executor = LocalExecutor(ExecutorOptions(class_names=(name,), model=model_of(name, "name")))
    began = time.monotonic()

    with pytest.raises(ExecutorError, match=r"no slot can run this study; .*worker process ended with exit code 5"):
        list(executor.execute(iter([make_unit("Plain")])))
    executor.close()

    assert (tmp_path / "starts").read_text() == "xxx"
    assert time.monotonic() - began < 60
    assert caplog.messages == []  # the error says it
