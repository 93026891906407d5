"""What goes over the channel comes out as it went in."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rliable.executors.slots.messages import Beat, Play, Reported, Result, Train, kind_of_frame, pack, unpack
from rliable.unit import Limits, ModelConfig, PlayedSlice, Segment, Unit, UnitResult

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(), JSON, max_size=3), st.floats(min_value=0.1), st.integers(0, 2**63 - 1))
def test_a_unit_arrives_as_it_was_sent(hp_params, timeout, seed):
    model = ModelConfig("package:Class", "CartPole-v0", "weights", hp_params, "rdd", hp_params)
    unit = Unit(3, 1, model, seed, Limits(2, timeout, 100, 5), Segment(10, None, "a"))

    received = unpack(pack(Train(unit))).unit

    assert repr(received) == repr(unit)  # NaN is not equal to itself


@given(st.lists(st.floats()), st.dictionaries(st.text(), st.binary(), max_size=3), JSON, st.none() | st.text())
def test_a_result_arrives_with_every_bit(returns, files, value, error):
    slices = [PlayedSlice(0, len(returns), "slot 1", 7, "here", returns)]
    facts = {"predictions": [value], "learning_curve": [{"step": 1, "loss": math.inf}], "metrics": {"reward": math.nan}}
    result = UnitResult(trial=1, run=2, seed=3, slot="slot 0", files=files, error=error, slices=slices, **facts)

    frame = pack(Result(result))

    assert kind_of_frame(frame) is Result
    received = unpack(frame).result
    assert {name: bytes(content) for name, content in received.files.items()} == files
    assert repr(dataclasses.replace(received, files=files)) == repr(result)


def test_the_record_of_a_result_is_what_the_journal_keeps():
    slices = [PlayedSlice(0, 2, "slot 1", 7, "there", [1.0, 2.0])]
    result = UnitResult(trial=1, run=2, seed=3, slot="slot 0", host="here", slices=slices, files={"a": b"1"})

    record = result.record()

    assert (record.run, record.seed, record.slot, record.host) == (2, 3, "slot 0", "here")
    assert [(part.slot, part.host, part.count) for part in record.slices] == [("slot 1", "there", 2)]
    assert not hasattr(record, "files") and not hasattr(record.slices[0], "returns")


def test_what_cannot_be_said_is_an_error_at_the_sender():
    with pytest.raises(TypeError):
        pack(Reported(1, {"value": object()}))


@pytest.mark.parametrize("frame", [b"", b"\xff", b"\x01", pack(Beat()) + b"x", b"GET / HTTP/1.1", bytes([2]) + b"\xc0"])
def test_what_is_no_message_is_refused(frame):
    with pytest.raises(ValueError):
        unpack(frame)


def test_files_of_any_size_survive():
    unit = Unit(0, 0, ModelConfig("a:B", "x", "", {}), 1, Limits())
    files = {"empty": b"", "large": bytes(range(256)) * 4000, "none/below": b"\n"}
    assert unpack(pack(Play(unit, 1, (0, 10), files))).files == files
