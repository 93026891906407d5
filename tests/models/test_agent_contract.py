"""What every registered agent promises, whatever its algorithm: exactness, checkpoints, programs used again, export."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.trajectories import time_step

from rliable.environments import load_data
from rliable.model import RunPaused
from rliable.registry import MODELS
from rliable.training.arrays import by_path
from rliable.training.loop import Loop
from rliable.training.shapes import numbers_of, shape_of
from rliable.unit import Answer
from tests.models.quick_agents import NAMES, ON_HOST, digest, make_agent, train

ROOT = Path(__file__).parents[2]

#: Trains in a process of its own: from the beginning, and on from a checkpoint.
ELSEWHERE = """
import sys
from pathlib import Path
from tests.models.quick_agents import *
name, folder = sys.argv[1], Path(sys.argv[2])
model = make_agent(name, folder)
if len(sys.argv) > 3:
    model.restore({"state.npz": Path(sys.argv[3]).read_bytes()})
print(digest(train(model)))
"""


def digest_elsewhere(name: str, folder: Path, *checkpoint: str) -> str:
    """The digest of the same run in a fresh process."""
    command = [sys.executable, "-c", ELSEWHERE, name, str(folder), *checkpoint]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


@pytest.fixture(params=[name + where for name in NAMES for where in ("", ON_HOST)])
def name(request):
    return request.param


def test_a_fresh_process_gives_the_same_bits_as_one_that_has_trained_other_things(name, tmp_path):
    train(make_agent(name, tmp_path, seed=1, learning_rate=0.01, fc_layer_params=[40, 7]))
    assert digest(train(make_agent(name, tmp_path))) == digest_elsewhere(name, tmp_path)
    assert digest(train(make_agent(name, tmp_path, seed=6))) != digest(train(make_agent(name, tmp_path)))


def test_a_run_goes_on_from_a_checkpoint_in_another_process_to_the_same_bits(name, tmp_path):
    whole = train(make_agent(name, tmp_path))
    paused, kept = make_agent(name, tmp_path), []
    paused.on_checkpoint = kept.append
    paused.on_report = lambda row: Answer.PAUSE if row["step"] > 500 else Answer.GO_ON
    with pytest.raises(RunPaused):
        train(paused)
    (tmp_path / "checkpoint").write_bytes(kept[-1]["state.npz"])
    rest = make_agent(name, tmp_path)
    rest.restore(kept[-1])
    train(rest)
    assert 0 < len(rest.learning_curve) < len(whole.learning_curve)
    assert paused.learning_curve + rest.learning_curve == whole.learning_curve
    assert parts_of(rest) == parts_of(whole)
    assert digest_elsewhere(name, tmp_path, str(tmp_path / "checkpoint")) == digest(rest)


def test_evaluations_and_checkpoints_change_no_bit_of_the_training(name, tmp_path):
    often = make_agent(name, tmp_path, eval_interval=4, checkpoint_interval_steps=90)
    kept: list = []
    often.on_checkpoint = kept.append
    train(often)
    rarely = train(make_agent(name, tmp_path, eval_interval=1000))
    assert len(kept) > 3
    assert parts_of(often) == parts_of(rarely)
    assert losses_of(often) == losses_of(rarely)


def test_only_knobs_that_say_so_compile_anew(name, tmp_path):
    model = train(make_agent(name, tmp_path))
    program = model._run.program(model._run.environment)
    values = model.values
    for field in dataclasses.fields(values):
        value, rule = getattr(values, field.name), field.metadata["rule"]
        if rule.compiles or isinstance(value, bool | str | list) or value is None:
            continue
        other = dataclasses.replace(values, **{field.name: value * 2 if value else 1})
        assert shape_of(other) == shape_of(values), field.name
        assert (field.name in numbers_of(other)) == rule.in_program, field.name
    train(make_agent(name, tmp_path, seed=8, learning_rate=0.02, gamma=0.9, train_iterations=25, log_interval=3))
    assert num_programs(program.loop) == 1


def test_saved_and_exported_policies_act_like_the_model(name, tmp_path):
    model = train(make_agent(name, tmp_path))
    model.save()
    environment = load_data(model.cfg["environment"])
    observations = np.random.default_rng(1).normal(size=(50, environment.observation_size)).astype(np.float32)
    policy = tf.saved_model.load(str(tmp_path / "policy"))
    actions = policy.action(time_step.restart(tf.constant(observations), batch_size=50)).action.numpy()
    loaded = make_agent(name, tmp_path)
    loaded.load_model()
    np.testing.assert_allclose(actions, model.predict(observations), rtol=1e-5, atol=1e-6)
    assert np.array_equal(loaded.predict(observations), model.predict(observations))
    assert loaded.evaluate(environment) == model.evaluate(environment)


def test_no_code_below_rliable_names_an_algorithm():
    """Neither as part of a name, nor as a text without spaces; examples in help and docstrings may."""
    algorithm = re.compile(rf"(?<![a-z])({'|'.join(name.lower() for name in NAMES)})")
    for path in sorted((ROOT / "rliable").rglob("*.py")):
        with path.open("rb") as file:
            tokens = list(tokenize.tokenize(file.readline))
        names = [token.string.lower() for token in tokens if token.type == tokenize.NAME]
        names += [token.string.lower() for token in tokens if token.type == tokenize.STRING and " " not in token.string]
        assert [name for name in names if algorithm.search(name)] == [], path


def test_reading_the_knobs_imports_no_tensorflow():
    code = f"import sys; from rliable.registry import MODELS; [MODELS.load(n).hyperparameters for n in {NAMES}]"
    code += "; sys.exit('tensorflow' in sys.modules or 'gym' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def num_programs(loop):
    """How often a loop's learning was compiled."""
    return loop._run.experimental_get_tracing_count() if isinstance(loop, Loop) else len(loop._program._lessons)


def parts_of(model):
    return {path: array.tobytes() for path, array in by_path(model._run.parts).items()}


def losses_of(model):
    rows = [{key: value for key, value in row.items() if key != "average_return"} for row in model.learning_curve]
    return [row for row in rows if len(row) > 1]


def test_every_agent_is_a_model_of_the_registry():
    assert NAMES and all(MODELS.load(name).agent.acts_with for name in NAMES)
