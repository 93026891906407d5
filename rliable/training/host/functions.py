"""Functions of TensorFlow that are traced once and then computed by NumPy.

A step in one environment is about twenty operations on a few numbers each. NumPy takes 20 to 50 microseconds for
them, a call of a compiled program 150. So what acts between two environment steps is traced from the same code as
inside the graph, and its operations are carried out one by one. What contains an operation that NumPy does not have
here, such as a convolution, is compiled and called as a whole.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rliable.environments.runtime import release_memory, tf
from rliable.training.host.operations import OPERATIONS
from rliable.training.networks.dense import plain_products

#: Operations that hand on what they get.
SAME = ("Identity", "StopGradient", "PreventGradient")


class HostFunction:
    """A function of nests of arrays, traced from a pure function of nests of tensors.

    Args:
      function: called once, with symbolic tensors: the bound arguments, then the others.
      bound: examples of the arguments that stay the same for many calls, which `bind` sets: an array, or a nest of
        arrays, for each; what matters is shapes and types.
      others: examples of those that `call` gets.
      uses_xla: whether XLA compiles it where NumPy cannot compute it.

    Attributes:
      built: the function's value as a nest, of its arrays in a list.
    """

    def __init__(
        self, function: Callable[..., Any], bound: Sequence[Any], others: Sequence[Any], uses_xla: bool = True
    ) -> None:
        examples = [*bound, *others]
        specs = [tf.nest.map_structure(spec_of, example) for example in examples]
        with plain_products():
            concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
        self.built = builder_of(concrete.structured_outputs, itertools.count())
        self._tape = Tape(concrete, len(leaves(bound))) if can_interpret(concrete) else None
        self._compiled = None if self._tape else CompiledCall(function, examples, uses_xla)
        self._bound: list[Any] = []

    @property
    def is_interpreted(self) -> bool:
        """Whether NumPy computes it."""
        return self._tape is not None

    def is_bound(self, number: int) -> bool:
        """Whether NumPy computes it, and the first so many arrays of its value depend on bound arguments alone."""
        return self._tape is not None and self._tape.is_bound(number)

    def bind(self, *arguments: Any) -> None:
        """Sets the bound arguments for the calls to come."""
        if self._tape is not None:
            self._tape.bind(leaves(arguments))
        else:
            self._bound = [tf.convert_to_tensor(array) for array in leaves(arguments)]

    def bind_first(self, arrays: Sequence[Any]) -> None:
        """Sets the first of the bound arguments anew, flattened; the others stay."""
        if self._tape is not None:
            self._tape.bind(arrays)
        else:
            self._bound[: len(arrays)] = [tf.convert_to_tensor(array) for array in arrays]

    def call(self, *arguments: Any) -> Any:
        """The function's value, a nest of arrays, for the other arguments."""
        return self.built(self.call_flat(leaves(arguments)))

    def call_flat(self, arrays: list[Any]) -> list[Any]:
        """The same, both flattened as by `leaves`."""
        if self._tape is not None:
            with np.errstate(all="ignore"):  # as inside the graph; whoever trains looks at what comes out
                return self._tape.run(arrays)
        assert self._compiled is not None
        return [tensor.numpy() for tensor in self._compiled.call([*self._bound, *arrays])]


def spec_of(array: Any) -> Any:
    """The shape and type of an array, for tracing."""
    return tf.TensorSpec(np.shape(array), np.asarray(array).dtype)


class TapeStep(NamedTuple):
    """An operation: what computes it, and the places of what it takes and gives."""

    function: Callable[..., Any]
    inputs: list[int]
    outputs: list[int]


class CompiledCall:
    """A program that is called as often as there are steps, so with as little around it as possible.

    Calling a `tf.function` takes three times as long: each time it finds out which of its programs is meant.

    Args:
      function: a pure function of nests of tensors.
      examples: an array or a nest of arrays for each argument.
      uses_xla: whether XLA compiles it; else TensorFlow's own operations compute it.
    """

    def __init__(self, function: Callable[..., Any], examples: list[Any], uses_xla: bool = True) -> None:
        arrays, build = leaves(examples), builder_of(examples, itertools.count())
        specs = [spec_of(array) for array in arrays]
        traced = tf.function(lambda *flat: leaves(function(*build(flat))), jit_compile=uses_xla, autograph=False)
        program = traced.get_concrete_function(*specs)
        inner = getattr(program, "inference_fn", None)  # TensorFlow's own, which checks no arguments
        flat_call = getattr(inner, "call_preflattened", None)
        self._call = flat_call or (lambda tensors: program(*tensors))
        self._program = program  # lives as long as what is called
        self._is_new = True

    def call(self, arrays: list[Any]) -> list[tf.Tensor]:
        """Its values for the arrays of its arguments, flattened as by `leaves`."""
        tensors = [tf.constant(array) if isinstance(array, np.ndarray | np.generic) else array for array in arrays]
        values: list[tf.Tensor] = self._call(tensors)
        if self._is_new:
            self._is_new = False
            release_memory()
        return values


class Tape:
    """The operations of a traced function, in order, with a place for each of the arrays that go from one to another.

    What follows from constants is computed here, what follows from bound arguments once for all calls with them.

    Args:
      concrete: the function.
      num_bound: how many of its arguments, flattened, are bound.
    """

    def __init__(self, concrete: Any, num_bound: int) -> None:
        graph = concrete.graph
        self._num_bound, self._num_inputs = num_bound, len(graph.inputs)
        self._place_of = {tensor.ref(): place for place, tensor in enumerate(graph.inputs)}
        self._values: list[Any] = [None] * self._num_inputs
        self._varying = set(range(num_bound, self._num_inputs))  # places that no bound argument decides
        self._at_binding: list[TapeStep] = []
        self._at_calls: list[TapeStep] = []
        for operation in graph.get_operations():
            self._add(operation)
        self._outputs = [self._place_of[tensor.ref()] for tensor in graph.outputs]
        self._needed = self._drop_unused()

    def is_bound(self, number: int) -> bool:
        """Whether the first so many arrays of the function's value depend on bound arguments alone."""
        return not self._varying.intersection(self._outputs[:number])

    def bind(self, arrays: Sequence[Any]) -> None:
        """Sets the bound arguments, or the first of them, flattened; what no step needs stays where it is."""
        for place, array in enumerate(arrays):
            if place in self._needed:
                self._values[place] = np.asarray(array)
        carry_out(self._at_binding, self._values)

    def run(self, arrays: list[Any]) -> list[Any]:
        """The function's value for the other arguments; both flattened."""
        values = self._values
        values[self._num_bound : self._num_inputs] = arrays
        carry_out(self._at_calls, values)
        return [values[place] for place in self._outputs]

    def _add(self, operation: Any) -> None:
        """Takes an operation on."""
        if operation.type in ("Placeholder", "NoOp"):
            return
        inputs = [self._place_of[tensor.ref()] for tensor in operation.inputs]
        if operation.type in SAME:
            self._place_of[operation.outputs[0].ref()] = inputs[0]
            return
        outputs = [self._new_place(tensor) for tensor in operation.outputs]
        if operation.type == "Const":
            self._values[outputs[0]] = tf.make_ndarray(operation.get_attr("value"))
            return
        step = TapeStep(OPERATIONS[operation.type](operation), inputs, outputs)
        if all(self._values[place] is not None for place in inputs):
            carry_out([step], self._values)
        elif self._varying.intersection(inputs):
            self._varying.update(outputs)
            self._at_calls.append(step)
        else:
            self._at_binding.append(step)

    def _new_place(self, tensor: Any) -> int:
        self._values.append(None)
        self._place_of[tensor.ref()] = len(self._values) - 1
        return len(self._values) - 1

    def _drop_unused(self) -> set[int]:
        """Leaves out the steps that nothing depends on; gives the places that something does."""
        needed = set(self._outputs)
        for steps in (self._at_calls, self._at_binding):
            for index in reversed(range(len(steps))):
                if needed.intersection(steps[index].outputs):
                    needed.update(steps[index].inputs)
                else:
                    del steps[index]
        return needed


def carry_out(steps: list[TapeStep], values: list[Any]) -> None:
    """Computes operations in order."""
    for function, inputs, outputs in steps:
        answer = function(*[values[place] for place in inputs])
        if len(outputs) == 1:
            values[outputs[0]] = answer
        else:
            for place, part in zip(outputs, answer, strict=True):
                values[place] = part


def leaves(nest: Any) -> list[Any]:
    """The arrays of a nest, in TensorFlow's order: of dicts by sorted names."""
    if isinstance(nest, dict):
        return [leaf for name in sorted(nest) for leaf in leaves(nest[name])]
    if isinstance(nest, tuple | list):
        return [leaf for part in nest for leaf in leaves(part)]
    return [nest]


def builder_of(structure: Any, numbers: Iterator[int]) -> Callable[[list[Any]], Any]:
    """What makes a nest of this structure of the list of its arrays, faster than `tf.nest.pack_sequence_as`.

    Args:
      structure: any such nest.
      numbers: the places of its arrays in the list, in TensorFlow's order.
    """
    if isinstance(structure, dict):
        named = {name: builder_of(structure[name], numbers) for name in sorted(structure)}
        return lambda arrays: {name: build(arrays) for name, build in named.items()}
    if isinstance(structure, tuple | list):
        parts = [builder_of(part, numbers) for part in structure]
        kind = type(structure) if hasattr(structure, "_fields") else None
        if kind is None:
            return lambda arrays: tuple([build(arrays) for build in parts])
        return lambda arrays: kind(*[build(arrays) for build in parts])
    return operator.itemgetter(next(numbers))


def can_interpret(concrete: Any) -> bool:
    """Tells whether NumPy has every operation of a traced function."""
    known = {*OPERATIONS, *SAME, "Placeholder", "NoOp", "Const"}
    return all(operation.type in known for operation in concrete.graph.get_operations())
