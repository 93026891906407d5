import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rliable.executors.slots.messages import (
    Kind,
    kind_of,
    pack,
    pack_result,
    read_result,
    read_unit,
    unit_fields,
    unpack,
)
from rliable.unit import Limits, ModelConfig, SliceRecord, Unit, UnitResult

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)
FLOATS = st.lists(ANY_FLOAT, max_size=5)
FILES = st.dictionaries(st.text(max_size=5), st.binary(max_size=20), max_size=3)


@given(ANY_FLOAT, st.text(max_size=10), st.integers(0, 2**63 - 1))
def test_units_arrive_as_they_were_sent(number, text, seed):
    params = {"number": number, "text": text, "list": [1, None, True], "nested": {"a": [0.1]}}
    unit = Unit(3, 1, ModelConfig("package:Class", "CartPole-v0", "folder", params), seed, Limits(2, 5.5, 900, 4))

    received = read_unit(unpack(pack(Kind.RUN, {"unit": unit_fields(unit)})).fields["unit"])

    assert repr(received) == repr(unit)


@given(FLOATS, FLOATS, FILES, st.none() | st.text())
def test_results_arrive_bit_by_bit(returns, curve, files, error):
    rows = [{"step": step, "value": value} for step, value in enumerate(curve)]
    slices = [SliceRecord(0, len(returns), "slot 1", 7, returns)]
    values = {"metrics": {"reward": 0.1 + 0.2}, "predictions": returns, "slices": slices, "learning_curve": rows}
    result = UnitResult(1, 2, 3, "slot 0", 42, 0.1, 1e9, files=files, error=error, traceback="trace\n", **values)

    frame = pack_result(result)

    assert kind_of(frame) is Kind.RESULT
    assert repr(read_result(unpack(frame))) == repr(result)


def test_numbers_of_numpy_become_plain_numbers():
    fields = {"a": np.float32(0.1), "b": np.arange(3), "c": np.int64(2**40), "d": np.bool_(True), "e": np.float64(0.1)}

    received = unpack(pack(Kind.RESULT, fields)).fields

    assert received == {"a": float(np.float32(0.1)), "b": [0, 1, 2], "c": 2**40, "d": True, "e": 0.1}


def test_what_json_cannot_say_is_refused_with_its_type():
    with pytest.raises(TypeError, match="not set"):
        pack(Kind.RESULT, {"value": {1, 2}})


def test_blobs_keep_their_order_and_their_bytes():
    blobs = [b"", bytes(range(256)), b"x" * 100_000]

    message = unpack(pack(Kind.PLAY, {"key": "value"}, blobs))

    assert message.blobs == blobs
    assert json.dumps(message.fields) == '{"key": "value"}'
