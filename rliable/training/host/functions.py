"""Functions of TensorFlow that are traced once and then computed by NumPy.

A step in one environment is about twenty operations on a few numbers each. NumPy takes 20 to 50 microseconds for them, a
call of a compiled program about 200. So what acts between two environment steps is traced from the same code as inside
the graph, and its operations are carried out one by one. What contains an operation that NumPy does not have here,
such as a convolution, is compiled and called as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rliable.environments.runtime import release_memory, tf
from rliable.training.host.operations import OPERATIONS
from rliable.training.networks import plain_products

#: Operations that hand on what they get.
SAME = ("Identity", "StopGradient", "PreventGradient")


class HostFunction:
    """A function of nests of arrays, traced from a pure function of nests of tensors.

    `bind` sets arguments that stay the same for many calls; `call` gets all others.

    Args:
      function: called once, with symbolic tensors.
      examples: an array, or a nest of arrays, for each argument, in order; what matters is shapes and types.
    """

    def __init__(self, function: Callable[..., Any], examples: dict[str, Any]) -> None:
        specs = tf.nest.map_structure(lambda array: tf.TensorSpec(np.shape(array), np.asarray(array).dtype), examples)
        traced = tf.function(function, autograph=False)
        with plain_products():
            self._concrete = traced.get_concrete_function(*specs.values())
        self._structure = self._concrete.structured_outputs
        self._places = places_of(self._concrete, specs)
        self._tape = Tape(self._concrete) if can_interpret(self._concrete) else None
        self._compiled = None if self._tape else tf.function(function, jit_compile=True, autograph=False)
        self._bound: dict[str, Any] = {}

    @property
    def is_interpreted(self) -> bool:
        """Whether NumPy computes it."""
        return self._tape is not None

    def bind(self, **arguments: Any) -> None:
        """Sets arguments for the calls to come."""
        self._bound |= arguments
        if self._tape is not None:
            self._set(arguments)

    def call(self, **arguments: Any) -> Any:
        """The function's value, a nest of arrays."""
        if self._tape is None:
            return self._call_compiled(arguments)
        self._set(arguments)
        return tf.nest.pack_sequence_as(self._structure, self._tape.run())

    def _set(self, arguments: dict[str, Any]) -> None:
        values = self._tape.values if self._tape else []
        for name, argument in arguments.items():
            for place, array in zip(self._places[name], flat(argument), strict=True):
                values[place] = array

    def _call_compiled(self, arguments: dict[str, Any]) -> Any:
        assert self._compiled is not None
        is_new = self._compiled.experimental_get_tracing_count() == 0
        given = self._bound | arguments
        answer = self._compiled(*[tf.nest.map_structure(tf.constant, given[name]) for name in self._places])
        if is_new:
            release_memory()
        return tf.nest.map_structure(lambda tensor: tensor.numpy(), answer)


class Tape:
    """The operations of a traced function, in order, with a place for each of the arrays that go from one to another.

    Attributes:
      values: the arrays by place; the first are the function's arguments, flattened.
    """

    def __init__(self, concrete: Any) -> None:
        graph = concrete.graph
        self._place_of = {tensor.ref(): place for place, tensor in enumerate(graph.inputs)}
        self.values: list[Any] = [None] * len(graph.inputs)
        self._steps: list[tuple[Callable[..., Any], list[int], list[int]]] = []
        for operation in graph.get_operations():
            self._add(operation)
        self._outputs = [self._place_of[tensor.ref()] for tensor in graph.outputs]
        self._drop_unused()

    def run(self) -> list[Any]:
        """The function's value for the arguments that are set, flattened."""
        values = self.values
        for function, inputs, outputs in self._steps:
            answer = function(*[values[place] for place in inputs])
            if len(outputs) == 1:
                values[outputs[0]] = answer
            else:
                for place, part in zip(outputs, answer, strict=True):
                    values[place] = part
        return [values[place] for place in self._outputs]

    def _add(self, operation: Any) -> None:
        """Takes an operation on; what follows from constants alone is computed here, once."""
        if operation.type in ("Placeholder", "NoOp"):
            return
        inputs = [self._place_of[tensor.ref()] for tensor in operation.inputs]
        if operation.type in SAME:
            self._place_of[operation.outputs[0].ref()] = inputs[0]
            return
        outputs = [self._new_place(tensor) for tensor in operation.outputs]
        if operation.type == "Const":
            self.values[outputs[0]] = tf.make_ndarray(operation.get_attr("value"))
            return
        function = OPERATIONS[operation.type](operation)
        known = [self.values[place] for place in inputs]
        if all(value is not None for value in known):
            answer = function(*known)
            for place, part in zip(outputs, [answer] if len(outputs) == 1 else answer, strict=True):
                self.values[place] = part
        else:
            self._steps.append((function, inputs, outputs))

    def _new_place(self, tensor: Any) -> int:
        self.values.append(None)
        self._place_of[tensor.ref()] = len(self.values) - 1
        return len(self.values) - 1

    def _drop_unused(self) -> None:
        """Leaves out the steps that nothing depends on."""
        needed, kept = set(self._outputs), []
        for step in reversed(self._steps):
            if needed & set(step[2]):
                needed |= set(step[1])
                kept.append(step)
        self._steps = kept[::-1]


def flat(nest: Any) -> list[Any]:
    """The arrays of a nest, in TensorFlow's order."""
    return [nest] if isinstance(nest, np.ndarray | np.generic) else tf.nest.flatten(nest)


def can_interpret(concrete: Any) -> bool:
    """Tells whether NumPy has every operation of a traced function."""
    known = {*OPERATIONS, *SAME, "Placeholder", "NoOp", "Const"}
    return all(operation.type in known for operation in concrete.graph.get_operations())


def places_of(concrete: Any, specs: dict[str, Any]) -> dict[str, list[int]]:
    """Which of the flattened arguments each argument consists of."""
    order = list(specs)
    sizes = {name: len(tf.nest.flatten(specs[name])) for name in order}
    ends = np.cumsum([sizes[name] for name in order]).tolist()
    return {name: list(range(end - sizes[name], end)) for name, end in zip(order, ends, strict=True)}
