"""Compiled programs that are called between two environment steps."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from rliable.environments.runtime import release_memory, tf
from rliable.training.host.nests import builder_of, leaves, spec_of

#: Compiled programs read their arguments from memory that begins at a multiple of so many bytes.
ALIGNMENT = 64
#: An argument of more bytes, such as images, gets new memory for each call, which is given back.
MOST_SHARED_BYTES = 1 << 20


class CompiledCall:
    """A program that is called as often as there are steps, so with as little around it as possible.

    Calling a `tf.function` takes four times as long: each time it finds out which of its programs is meant, and makes
    new tensors of arrays. Here arrays are copied to where the program reads them; its values have memory of their own.

    Args:
      function: a pure function of nests of tensors.
      examples: an array or a nest of arrays for each argument.
      uses_xla: whether XLA compiles it; else TensorFlow's own operations compute it.
    """

    def __init__(self, function: Callable[..., Any], examples: list[Any], uses_xla: bool = True) -> None:
        arrays, build = leaves(examples), builder_of(examples, itertools.count())
        specs = [spec_of(array) for array in arrays]
        traced = tf.function(lambda *flat: leaves(function(*build(flat))), jit_compile=uses_xla, autograph=False)
        self._program = traced.get_concrete_function(*specs)
        self._call = flat_call_of(self._program)
        # TensorFlow's own operations may hand the memory itself on as a value; to a GPU arrays are copied anyway
        self._can_share = uses_xla and tf.constant(0.0).device.endswith("CPU:0")
        self._inputs: dict[int, tuple[np.ndarray, tf.Tensor]] = {}
        self._is_new = True

    def call(self, arrays: list[Any]) -> list[tf.Tensor]:
        """Its values for the arrays of its arguments, flattened as by `leaves`."""
        tensors = [
            self._as_tensor(place, array) if isinstance(array, np.ndarray | np.generic) else array
            for place, array in enumerate(arrays)
        ]
        values: list[tf.Tensor] = self._call(tensors)
        if self._is_new:
            self._is_new = False
            release_memory()
        return values

    def _as_tensor(self, place: int, array: np.ndarray | np.generic) -> tf.Tensor:
        """An array, copied to where the argument at a place is read from."""
        is_boolean = array.dtype.kind == "b"  # of which DLPack knows none
        if not self._can_share or is_boolean or array.nbytes > MOST_SHARED_BYTES:
            return tf.constant(array)
        if place not in self._inputs:
            self._inputs[place] = shared_tensor(array)
        memory, tensor = self._inputs[place]
        memory[...] = array
        return tensor


def flat_call_of(program: Any) -> Callable[[list[tf.Tensor]], list[tf.Tensor]]:
    """What calls a concrete function whose value is a list: without any checks, where TensorFlow is as we know it."""
    inner: Any = getattr(program, "inference_fn", None)
    call = getattr(getattr(inner, "_bound_context", None), "call_function", None)
    if call is None:
        return lambda tensors: program(*tensors)
    name, number = inner.name, len(program.outputs)
    return lambda tensors: call(name, tensors, number)


def shared_tensor(array: np.ndarray | np.generic) -> tuple[np.ndarray, tf.Tensor]:
    """Memory for such an array, and a tensor that reads it."""
    unaligned = np.zeros(array.nbytes + ALIGNMENT, np.uint8)
    start = -unaligned.ctypes.data % ALIGNMENT
    memory = unaligned[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    return memory, tf.experimental.dlpack.from_dlpack(memory.__dlpack__())
