"""TensorFlow's operations as functions of NumPy arrays: those that acting consists of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rliable.environments.runtime import tf

Function = Callable[..., Any]


def with_axis(function: Function) -> Callable[[Any], Function]:
    """Of an operation that reduces the axes that its second input names."""

    def make(operation: Any) -> Function:
        keep = operation.get_attr("keep_dims")
        return lambda array, axes: function(array, axis=tuple(np.atleast_1d(axes).tolist()), keepdims=keep)

    return make


def plain(function: Function) -> Callable[[Any], Function]:
    """Of an operation without attributes that matter."""
    return lambda operation: function


def make_matmul(operation: Any) -> Function:
    """A product of matrices, either of them transposed."""
    left, right = operation.get_attr("transpose_a"), operation.get_attr("transpose_b")
    return lambda a, b: np.dot(a.T if left else a, b.T if right else b)


def make_argmax(operation: Any) -> Function:
    """The index of the largest number along an axis."""
    dtype = operation.get_attr("output_type").as_numpy_dtype
    return lambda array, axis: array.argmax(axis).astype(dtype)


def make_cast(operation: Any) -> Function:
    """Numbers as another type."""
    dtype = operation.get_attr("DstT").as_numpy_dtype
    return lambda array: np.asarray(array).astype(dtype)


def make_strided_slice(operation: Any) -> Function:
    """A slice, nearly always the same one; the masks are bits, one for each dimension that is sliced."""
    names = ("begin_mask", "end_mask", "shrink_axis_mask", "new_axis_mask", "ellipsis_mask")
    masks = {name: operation.get_attr(name) for name in names}

    def part(dimension: int, begin: int, end: int, stride: int) -> Any:
        bits = {name: mask >> dimension & 1 for name, mask in masks.items()}
        if bits["ellipsis_mask"]:
            return Ellipsis
        if bits["new_axis_mask"]:
            return None
        if bits["shrink_axis_mask"]:
            return begin
        return slice(None if bits["begin_mask"] else begin, None if bits["end_mask"] else end, stride)

    def index_of(*bounds: Any) -> tuple[Any, ...]:
        rows = zip(*(bound.tolist() for bound in bounds), strict=True)
        return tuple(part(dimension, *row) for dimension, row in enumerate(rows))

    known = [tf.get_static_value(tensor) for tensor in operation.inputs[1:]]
    if any(bound is None for bound in known):
        return lambda array, *bounds: np.asarray(array)[index_of(*bounds)]
    index = index_of(*known)
    return lambda array, *_: np.asarray(array)[index]


def make_reshape(operation: Any) -> Function:
    """An array in another shape, nearly always the same one."""
    known = tf.get_static_value(operation.inputs[1])
    if known is None:
        return np.reshape
    shape = tuple(known.tolist())
    return lambda array, _: np.reshape(array, shape)


def make_pack(operation: Any) -> Function:
    """Arrays one behind the other along a new axis."""
    axis = operation.get_attr("axis")
    return lambda *arrays: np.stack(arrays, axis)


def make_split(operation: Any) -> Function:
    """An array in equal parts."""
    number = operation.get_attr("num_split")
    return lambda axis, array: np.split(array, number, int(axis))


def make_shape(operation: Any) -> Function:
    """The sizes of an array."""
    dtype = operation.get_attr("out_type").as_numpy_dtype
    return lambda array: np.array(np.shape(array), dtype)


def softplus(array: Any) -> Any:
    """log(1 + exp(x))"""
    return np.logaddexp(array, np.zeros((), array.dtype))


def log_softmax(array: Any) -> Any:
    """The logarithms of the shares of exp(x)."""
    centred = array - array.max(-1, keepdims=True)
    return centred - np.log(np.exp(centred).sum(-1, keepdims=True))


#: The type of an operation -> what makes its function, given the operation.
OPERATIONS: dict[str, Callable[[Any], Function]] = {
    "AddV2": plain(np.add),
    "ArgMax": make_argmax,
    "BiasAdd": plain(np.add),
    "BroadcastTo": plain(lambda array, shape: np.broadcast_to(array, shape)),
    "Cast": make_cast,
    "ClipByValue": plain(lambda array, low, high: np.minimum(np.maximum(array, low), high)),
    "ConcatV2": plain(lambda *parts: np.concatenate(parts[:-1], int(parts[-1]))),
    "Equal": plain(np.equal),
    "Exp": plain(np.exp),
    "ExpandDims": plain(lambda array, axis: np.expand_dims(array, int(axis))),
    "Fill": plain(lambda shape, value: np.full(shape, value)),
    "FloorMod": plain(np.mod),
    "Greater": plain(np.greater),
    "GreaterEqual": plain(np.greater_equal),
    "Less": plain(np.less),
    "LessEqual": plain(np.less_equal),
    "Log": plain(np.log),
    "LogSoftmax": plain(log_softmax),
    "LogicalAnd": plain(np.logical_and),
    "LogicalNot": plain(np.logical_not),
    "LogicalOr": plain(np.logical_or),
    "MatMul": make_matmul,
    "Max": with_axis(np.max),
    "Maximum": plain(np.maximum),
    "Mean": with_axis(np.mean),
    "Min": with_axis(np.min),
    "Minimum": plain(np.minimum),
    "Mul": plain(np.multiply),
    "Neg": plain(np.negative),
    "OnesLike": plain(np.ones_like),
    "Pack": make_pack,
    "Pow": plain(np.power),
    "Range": plain(np.arange),
    "RealDiv": plain(np.divide),
    "Relu": plain(lambda array: np.maximum(array, 0)),
    "Reshape": make_reshape,
    "Select": plain(np.where),
    "SelectV2": plain(np.where),
    "Shape": make_shape,
    "Softmax": plain(lambda array: np.exp(log_softmax(array))),
    "Softplus": plain(softplus),
    "Split": make_split,
    "Sqrt": plain(np.sqrt),
    "Square": plain(np.square),
    "SquaredDifference": plain(lambda left, right: np.square(left - right)),
    "StridedSlice": make_strided_slice,
    "Sub": plain(np.subtract),
    "Sum": with_axis(np.sum),
    "Tanh": plain(np.tanh),
    "Tile": plain(np.tile),
    "Transpose": plain(np.transpose),
    "TruncateDiv": plain(lambda left, right: np.trunc(left / right).astype(np.asarray(left).dtype)),
    "ZerosLike": plain(np.zeros_like),
}
