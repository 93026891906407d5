"""Instances in worker processes: the same to the last bit as in this one, and what is said when they fail."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from rliable.environments import load_data
from rliable.environments.side_by_side import SideBySide
from rliable.environments.workers import Stepping, Workers, blocks_of, make_instances

ROOT = Path(__file__).parents[2]
OWN = "tests/environments/failing_environments.py"
NUMBER, TWO = 5, Stepping(2)


def workers():
    """The worker processes below this one."""
    return [child for child in psutil.Process().children() if "worker_process" in " ".join(child.cmdline())]


def make_failing(deed, stepping=TWO, **constants):
    environment = load_data(f"{OWN}:Failing", constants={"deed": deed, **constants})
    return make_instances(environment, NUMBER, True, stepping)


def steps_of(instances, num_steps=20):
    """Takes steps of nothing in all instances, until something happens."""
    every = range(NUMBER)
    instances.reset(every, list(every))
    for _ in range(num_steps):
        instances.step(every, np.ones(NUMBER, np.int32))


def story(environment, stepping, num_steps=60):
    """All that happens in instances in which random actions are taken, and at times in some of them only."""
    instances, random = make_instances(environment, NUMBER, True, stepping), np.random.default_rng(7)
    shown, continues = instances.reset(range(NUMBER), list(range(NUMBER)))
    told = [np.stack(shown), np.array(continues)]
    for number in range(num_steps):
        which = list(range(NUMBER)) if number % 4 else sorted(random.permutation(NUMBER)[:3].tolist())
        actions = random_actions(environment, random, len(which))
        stepped = instances.step(which, actions)
        told += [*stepped, actions]
        ended = [which[row] for row in np.flatnonzero(stepped.is_boundary)]
        if ended:
            told.append(np.stack(instances.reset(ended, [100 + number + index for index in ended])[0]))
    instances.close()
    return told


def random_actions(environment, random, count):
    if environment.num_actions:
        return random.integers(environment.num_actions, size=count).astype(np.int32)
    low, high = np.float32(environment.action_low), np.float32(environment.action_high)
    return random.uniform(low, high, (count, len(low))).astype(np.float32)


@pytest.mark.parametrize(
    "name", ["gymnasium:CartPole-v1", "gymnasium:Pendulum-v1", f"{OWN}:Pictures", f"{OWN}:Clipping"]
)
def test_any_number_of_processes_gives_the_same_bits(name):
    environment = load_data(name)
    here = story(environment, Stepping(0))
    for stepping in (Stepping(3), Stepping(0, timeout_seconds=60.0)):
        there = story(environment, stepping)
        assert [(array.dtype, array.shape, array.tobytes()) for array in there] == [
            (array.dtype, array.shape, array.tobytes()) for array in here
        ]


def test_wrappers_lie_around_what_a_process_makes():
    environment = load_data(f"{OWN}:Failing", wrappers=[{"time_limit": {"steps": 2}}])
    instances = make_instances(environment, NUMBER, True, Stepping(2))
    instances.reset(range(NUMBER), list(range(NUMBER)))
    ends = [instances.step(range(NUMBER), np.zeros(NUMBER, np.int32)).is_boundary.all() for _ in range(2)]
    instances.close()
    assert ends == [False, True]


def test_processes_are_only_started_where_they_are_asked_for_or_needed():
    environment = load_data(f"{OWN}:Failing")
    assert isinstance(make_instances(environment, 2, True, Stepping(0)), SideBySide)
    instances = make_instances(environment, 2, True, Stepping(0, 5.0))
    assert isinstance(instances, Workers) and len(workers()) == 1
    instances.close()
    assert workers() == []


def test_blocks_are_consecutive_and_of_nearly_the_same_size():
    assert blocks_of(7, 3) == [range(2), range(2, 4), range(4, 7)]
    assert blocks_of(2, 5) == [range(1), range(1, 2)]


def test_what_an_environment_raises_comes_back_with_its_type_its_words_and_its_place():
    with pytest.raises(Exception, match="the door is stuck\nand more of it") as caught:
        steps_of(make_failing("stumble"))
    assert type(caught.value).__name__ == "ValueError"
    assert "in stumble" in "".join(caught.value.__notes__)
    assert workers() == []


def test_what_it_raises_while_it_is_made_comes_back_as_well(monkeypatch):
    environment = load_data(f"{OWN}:Failing")
    environment.constants["deed"] = "unknown"
    with pytest.raises(Exception, match="has no attribute 'unknown'") as caught:
        make_instances(environment, NUMBER, True, Stepping(2))
    assert type(caught.value).__name__ == "AttributeError"
    assert workers() == []


@pytest.mark.parametrize(
    ("deed", "end"),
    [
        ("die", "died (SIGKILL); it printed last: the lamp went out"),
        ("leave", "ended with exit code 3"),
        ("crash", "died (SIGSEGV); it printed last: into native code"),
    ],
)
def test_a_process_that_dies_is_one_line_that_says_how(deed, end, capfd):
    with pytest.raises(ChildProcessError) as caught:
        steps_of(make_failing(deed))
    assert str(caught.value) == f"the process that steps {OWN}:Failing {end}"
    assert workers() == []
    if deed == "crash":
        assert "in crash" in "".join(caught.value.__notes__) and "in crash" in capfd.readouterr().err


@pytest.mark.parametrize(("at_step", "what"), [(3, "step"), (0, "reset")])
def test_one_that_hangs_is_ended_and_its_line_names_the_limit(at_step, what):
    instances = make_failing("hang", Stepping(2, 0.5), at_step=at_step)
    began = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        steps_of(instances)
    assert str(caught.value) == f"a {what} of {OWN}:Failing took longer than env_step_timeout_seconds 0.5"
    assert "in hang" in "".join(caught.value.__notes__)
    assert 0.5 < time.monotonic() - began < 20
    assert workers() == []


def test_the_limit_is_for_one_instance_and_not_for_all_of_a_process():
    instances = make_failing("hang", Stepping(0, 2.0), seconds=0.5)
    steps_of(instances, 4)
    instances.close()


def test_processes_import_no_tensorflow_and_compute_with_one_thread():
    with pytest.raises(Exception, match="TensorFlow: False, threads: 1"):
        steps_of(make_failing("tell"))


def test_instances_that_are_dropped_leave_no_process():
    instances = make_failing("nothing")
    assert len(workers()) == 2
    members = workers()
    del instances
    gc.collect()
    assert psutil.wait_procs(members, timeout=5)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process ends when its step does")
def test_none_is_left_when_the_process_that_started_them_is_killed_in_a_step():
    code = """
import sys
from tests.environments.test_workers import make_failing, steps_of, workers
instances = make_failing("hang")
print(*(child.pid for child in workers()), flush=True)
steps_of(instances)"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    members = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
    time.sleep(0.5)
    os.kill(parent.pid, signal.SIGKILL)
    assert len(members) == 2 and psutil.wait_procs(members, timeout=5)[1] == []
    parent.communicate()
