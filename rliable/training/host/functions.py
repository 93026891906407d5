"""Functions of TensorFlow that are traced once and then computed by NumPy.

A step in one environment is about twenty operations on a few numbers each. NumPy takes 15 to 30 microseconds for
them, a call of a compiled program 100. So what acts between two environment steps is traced from the same code as
inside the graph, and its operations are carried out one by one. What contains an operation that NumPy does not have
here, such as a convolution, is compiled and called as a whole.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rliable.environments.runtime import tf
from rliable.training.host.compiled import CompiledCall
from rliable.training.host.nests import builder_of, leaves, spec_of
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
            return self._tape.run(arrays)
        assert self._compiled is not None
        return [tensor.numpy() for tensor in self._compiled.call([*self._bound, *arrays])]


class TapeStep(NamedTuple):
    """An operation: what computes it, what takes its arguments out of all values, their places, and that of its own."""

    function: Callable[..., Any]
    arguments: Callable[[list[Any]], Sequence[Any]]
    inputs: list[int]
    output: int


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
        self._needed = self._find_needed()

    def is_bound(self, number: int) -> bool:
        """Whether the first so many arrays of the function's value depend on bound arguments alone."""
        return not self._varying.intersection(self._outputs[:number])

    def bind(self, arrays: Sequence[Any]) -> None:
        """Sets the bound arguments, or the first of them, flattened: NumPy arrays or tensors."""
        for place, array in enumerate(arrays):
            if place in self._needed:
                self._values[place] = np.asarray(array)
        carry_out(self._at_binding, self._values)

    def run(self, arrays: list[Any]) -> list[Any]:
        """The function's value for the other arguments; both flattened."""
        values = self._values
        values[self._num_bound : self._num_inputs] = arrays
        if self._at_calls:
            with np.errstate(all="ignore"):  # as inside the graph; whoever trains looks at what comes out
                carry_out(self._at_calls, values)
        return [values[place] for place in self._outputs]

    def _add(self, operation: Any) -> None:
        """Takes an operation on."""
        if operation.type in ("Placeholder", "NoOp"):
            return
        inputs = [self._place_of[tensor.ref()] for tensor in operation.inputs]
        if operation.type in SAME:
            places = inputs[:1]
        elif operation.type == "Const":
            places = [self._new_place(tf.make_ndarray(operation.get_attr("value")))]
        else:
            places = [self._add_step(OPERATIONS[operation.type](operation), inputs)]
            if len(operation.outputs) > 1:
                parts = range(len(operation.outputs))
                places = [self._add_step(operator.itemgetter(part), places) for part in parts]
        self._place_of.update({tensor.ref(): place for tensor, place in zip(operation.outputs, places, strict=True)})

    def _add_step(self, function: Callable[..., Any], inputs: list[int]) -> int:
        """Takes a step on, to be carried out as early as it can be; gives the place of its value."""
        output = self._new_place(None)
        step = TapeStep(function, taker_of(inputs), inputs, output)
        if all(self._values[place] is not None for place in inputs):
            carry_out([step], self._values)
        elif self._varying.intersection(inputs):
            self._varying.add(output)
            self._at_calls.append(step)
        else:
            self._at_binding.append(step)
        return output

    def _new_place(self, value: Any) -> int:
        self._values.append(value)
        return len(self._values) - 1

    def _find_needed(self) -> set[int]:
        """Leaves out the steps that nothing depends on; gives the places of what is needed."""
        needed = set(self._outputs)
        for steps in (self._at_calls, self._at_binding):
            for index in reversed(range(len(steps))):
                if steps[index].output in needed:
                    needed.update(steps[index].inputs)
                else:
                    del steps[index]
        return needed


def taker_of(places: list[int]) -> Callable[[list[Any]], Sequence[Any]]:
    """What takes the values at some places out of a list of all."""
    if len(places) > 1:
        return operator.itemgetter(*places)
    return operator.itemgetter(slice(places[0], places[0] + 1))


def carry_out(steps: list[TapeStep], values: list[Any]) -> None:
    """Computes operations in order."""
    for function, arguments, _, output in steps:
        values[output] = function(*arguments(values))


def can_interpret(concrete: Any) -> bool:
    """Tells whether NumPy has every operation of a traced function."""
    known = {*OPERATIONS, *SAME, "Placeholder", "NoOp", "Const"}
    return all(operation.type in known for operation in concrete.graph.get_operations())
