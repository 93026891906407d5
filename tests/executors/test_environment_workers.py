"""Environments that fail in runs of agents through a slot: each ends its own run, and nothing is left of it."""

import dataclasses
import os
import signal
import threading
from pathlib import Path

import psutil
import pytest
from unit_makers import facts
from waiting import wait_until

from rliable.environments import short_name
from rliable.executors import make_executor
from rliable.executors.base import ExecutorOptions
from rliable.unit import Limits, ModelConfig, Unit

pytestmark = pytest.mark.slow
OWN = f"{Path(__file__).parents[1]}/environments/failing_environments.py:Failing"
BRIEF = {"train_iterations": 12, "initial_collect_steps": 10, "num_environments": 3, "num_eval_episodes": 2}
BRIEF |= {"batch_size": 16, "fc_layer_params": [8], "eval_interval": 5, "num_test_episodes": 11}


@pytest.fixture
def executor(tmp_path):
    made = make_executor("serial", ExecutorOptions(class_names=("DQN",), log_path=tmp_path / "log.txt"))
    yield made
    made.close()


def make_run(trial, deed="nothing", max_attempts=1, **params):
    model = ModelConfig("DQN", OWN, "", {**BRIEF, **params}, environment_kwargs={"deed": deed})
    return Unit(trial, 0, model, 9, Limits(max_attempts=max_attempts))


def workers_of(pid):
    """The processes below a computing process that step environments."""
    return [child for child in psutil.Process(pid).children() if "worker_process" in " ".join(child.cmdline())]


def test_a_failing_environment_ends_its_run_with_its_own_words_and_the_next_runs_as_ever(executor):
    runs = [
        make_run(0),
        make_run(1, "stumble", env_workers=2),
        make_run(2, "hang", env_step_timeout_seconds=1.0),
        make_run(3, "die", env_workers=2),
        make_run(4, env_workers=2),
    ]

    here, stumbled, hung, died, there = list(executor.execute(iter(runs)))

    assert stumbled.error == "ValueError: the door is stuck"
    assert "in stumble" in stumbled.traceback
    assert hung.error == f"TimeoutError: a step of {short_name(OWN)} took longer than env_step_timeout_seconds 1"
    words = f"the process that steps {short_name(OWN)} died (SIGKILL); it printed last: the lamp went out"
    assert died.error == f"EnvironmentDied: {words}"
    assert here.error is None and there.error is None
    assert len({result.pid for result in (here, stumbled, hung, died, there)}) == 1
    assert workers_of(here.pid) == []
    assert facts(dataclasses.replace(there, trial=0)) == facts(here)


def test_killing_the_computing_process_leaves_no_worker(executor):
    (first,) = executor.execute(iter([make_run(0)]))
    results = []
    thread = threading.Thread(
        target=lambda: results.extend(executor.execute(iter([make_run(1, "hang", env_workers=2)])))
    )
    thread.start()
    wait_until(lambda: len(workers_of(first.pid)) == 2)
    members = workers_of(first.pid)

    os.kill(first.pid, signal.SIGKILL)

    thread.join(60)
    assert results[0].error == "worker process died (SIGKILL)"
    assert psutil.wait_procs(members, timeout=10)[1] == []


def test_a_run_whose_worker_is_killed_is_run_again_and_comes_to_the_same(executor):
    (undisturbed,) = executor.execute(iter([make_run(0)]))
    results = []
    slow = make_run(0, "dawdle", max_attempts=2, env_workers=1)
    thread = threading.Thread(target=lambda: results.extend(executor.execute(iter([slow]))))
    thread.start()
    wait_until(lambda: workers_of(undisturbed.pid))

    workers_of(undisturbed.pid)[0].kill()

    thread.join(60)
    assert (results[0].error, results[0].attempts) == (None, 2)
    assert (results[0].metrics, results[0].predictions) == (undisturbed.metrics, undisturbed.predictions)
    assert results[0].learning_curve == undisturbed.learning_curve
