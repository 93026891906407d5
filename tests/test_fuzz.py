"""Inputs of no sense: some of those of `make fuzz` (docs/security.md), and what Hypothesis thinks of."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rliable.config.model_file import check_model
from rliable.config.study_file import check_study
from rliable.executors.slots.leases import Lease
from rliable.executors.slots.messages import MESSAGE_KINDS, unpack
from rliable.executors.slots.slot import is_in_turn
from rliable.folder_files import unsafe_names, write_files
from rliable.records.trust import check_trust
from rliable.schema import UNPRINTABLE, ConfigError
from rliable.unit import Limits, ModelConfig, Unit

ROOT = Path(__file__).parents[1]
MODEL = {"class": "CountModel", "environment": "tests/rows.jsonl", "mdl_file": "w", "hp_params": {"increment": 1}}
STUDY = {"config": "m.json", "optim_name": "t", "num_workers": 1, "grid": {"increment": [1, 2]}, "max_iters": 2}
STUDY |= {"metric": {"name": "mse", "criteria": "min"}, "convergence": None}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
PACKABLE = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary()
NESTED = st.recursive(PACKABLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
PACKED = NESTED.map(msgspec.msgpack.encode)
RELAXED = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))


def one_line_each(error):
    return all(len(line.splitlines()) == 1 and not UNPRINTABLE.search(line) for line in error.problems)


@pytest.mark.slow
def test_damaged_files_are_read_or_refused_in_one_line_and_nothing_of_them_is_run():
    command = [sys.executable, "scripts/fuzz.py", "--inputs", "400", "--no-page"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("**400 inputs in ")


@RELAXED
@given(st.binary(max_size=200) | st.builds(lambda code, value: bytes([code]) + value, st.integers(0, 40), PACKED))
def test_any_bytes_are_a_message_or_a_value_error(frame):
    lease = Lease(Unit(0, 0, ModelConfig("CountModel", "x", "", {}), 1, Limits()), 1)
    try:
        message = unpack(frame)
    except ValueError:
        return
    assert type(message) in MESSAGE_KINDS
    assert is_in_turn(message, lease) in (True, False) and is_in_turn(message, None) in (True, False)


@RELAXED
@given(st.sampled_from(sorted(STUDY)), st.sampled_from(sorted(MODEL)), JSON, JSON)
def test_any_value_of_a_key_is_taken_or_refused_in_lines(study_key, model_key, value, other):
    for study, model in (({**STUDY, study_key: value}, MODEL), (STUDY, {**MODEL, model_key: other})):
        try:
            check_study(study, "study.json", model, "model.json")
        except ConfigError as error:
            assert one_line_each(error)
    check_model({**MODEL, model_key: value}, "model.json")


@RELAXED
@given(st.dictionaries(st.sampled_from(("class", "environment", "sampler", "wrappers", "hp_params", "grid")), JSON))
def test_whatever_a_record_names_the_look_at_it_ends_well(record):
    try:
        check_trust(record, Path("runs/study"), ())
    except ConfigError as error:
        assert one_line_each(error)


@RELAXED
@given(st.dictionaries(st.text(max_size=5) | st.text("./a\0\\", max_size=8), st.just(b"x"), max_size=4))
def test_whatever_files_are_called_they_are_written_below_their_folder_or_not_at_all(tmp_path_factory, files):
    outer = tmp_path_factory.mktemp("outer")
    (outer / "folder").mkdir()
    if unsafe_names(files):
        with pytest.raises(ValueError, match="no file below its folder"):
            write_files(outer / "folder", files)
        assert list((outer / "folder").iterdir()) == []
    else:
        write_files(outer / "folder", files)
    assert [path.name for path in outer.iterdir()] == ["folder"]
