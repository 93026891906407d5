"""What a compiled program gives stays, whatever it is called with next."""

import numpy as np
import pytest
import tensorflow as tf

from rliable.training.host.compiled import MOST_SHARED_BYTES, CompiledCall, flat_call_of

NEST = {
    "flags": np.array([True, False]),
    "images": np.arange(MOST_SHARED_BYTES + 1).astype(np.uint8),
    "none": np.zeros([0, 3], np.float32),
    "number": np.int32(3),
    "row": np.arange(5, dtype=np.float32),
    "wide": np.arange(3, dtype=np.float64),
}


@pytest.mark.parametrize("uses_xla", [True, False])
def test_arguments_handed_on_are_no_longer_those_of_the_caller(uses_xla):
    """Also where a value is an argument itself, and arrays are written over after the call."""
    call = CompiledCall(lambda nest: nest, [NEST], uses_xla)
    given = [np.array(NEST[name]) for name in sorted(NEST)]
    first = call.call(given)
    for array in given:
        array[...] = 0
    second = call.call([np.zeros_like(array) for array in given])
    for name, one, other in zip(sorted(NEST), first, second, strict=True):
        assert np.array_equal(one.numpy(), NEST[name]) and one.dtype == NEST[name].dtype
        assert not other.numpy().any()


def test_values_go_back_as_they_are():
    call = CompiledCall(lambda row: [row * 2], [NEST["row"]])
    (twice,) = call.call([NEST["row"]])
    (again,) = call.call([twice])
    assert np.array_equal(again.numpy(), NEST["row"] * 4) and np.array_equal(twice.numpy(), NEST["row"] * 2)


def test_a_program_is_called_also_where_tensorflow_is_another():
    program = tf.function(lambda one, other: [one + other]).get_concrete_function(tf.constant(1), tf.constant(2))
    (total,) = flat_call_of(lambda *tensors: program(*tensors))([tf.constant(3), tf.constant(4)])
    (same,) = flat_call_of(program)([tf.constant(3), tf.constant(4)])
    assert int(total) == int(same) == 7
