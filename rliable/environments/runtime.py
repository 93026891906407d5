"""Prepares TensorFlow: what has to be said before its first use, so that results and the terminal stay clean."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import logging
import os
import sys
import types
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

#: Lets XLA multiply with the processor's widest instructions: 2.5 to 3 times as fast for matrices of 64 to 256. Despite
#: its name it computes on TensorFlow's own threads, whose number `prepare_tensorflow` sets; the bits stay the same.
XLA_FLAGS = "--xla_cpu_multi_thread_eigen=true"


class LazyModule(types.ModuleType):
    """Stands for a module that is imported when something of it is first used."""

    def __getattr__(self, name: str) -> Any:
        prepare_import()
        found = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, found)  # the next time this method is not called
        return found


#: TensorFlow. What is written with it can be imported, to read a table of settings say, at no cost.
if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = LazyModule("tensorflow")


def prepare_import() -> None:
    """Sets what TensorFlow and Gym read while they are imported. May be called any number of times."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    flags = os.environ.get("XLA_FLAGS", "")
    if XLA_FLAGS not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {XLA_FLAGS}".strip()
    with contextlib.suppress(ModuleNotFoundError):  # TF-Agents needs Gym, and Gym prints that it is old
        importlib.import_module("gym_notices.notices").notices.clear()
    warnings.filterwarnings("ignore", module=r"(gym|tensorflow_probability|tf_agents|pygame)(\.|$)")


@functools.cache
def prepare_tensorflow(threads: int = 1) -> None:
    """Imports TensorFlow without noise, for computing on `threads` cores. May be called any number of times.

    It sees no GPU until `open_devices` shows it one, which it may before anything is computed.

    Args:
      threads: size of TensorFlow's thread pools; part of what decides the last bit of a result.
    """
    prepare_import()
    import tensorflow as tf

    tf.get_logger().setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:  # in use already; the compiled programs themselves run on one thread
        logging.getLogger(__name__).info("TensorFlow was in use before; its threads stay as they are")


@functools.cache
def open_devices(with_gpu: bool = False) -> str | None:
    """Begins to compute, after `prepare_tensorflow`: on the processor, and if wished on the first GPU that is there.

    What a process has begun with it keeps: a GPU that was not asked for at first is not there later, and takes up no
    memory. Several processes may share one. On it, too, the same seed gives the same bits, and numbers are multiplied
    with all their 32 bits.

    Returns:
      The GPU's name; None where this process sees none.
    """
    import tensorflow as tf

    with silent(2):
        wished = tf.config.list_physical_devices("GPU")[:1] if with_gpu else []
        with contextlib.suppress(RuntimeError):  # it has begun already
            tf.config.set_visible_devices(wished, "GPU")
            for gpu in wished:
                tf.config.experimental.set_memory_growth(gpu, True)
        seen = tf.config.get_visible_devices("GPU")
        if seen:
            tf.config.experimental.enable_op_determinism()
            tf.config.experimental.enable_tensor_float_32_execution(False)
        with tf.device("/CPU:0"):
            tf.function(lambda: tf.constant(0), jit_compile=True, autograph=False)()
    return tf.config.experimental.get_device_details(seen[0]).get("device_name", "GPU") if seen else None


def release_memory() -> None:
    """Gives back to the system what compiling a program needed only for a while, about 10 MB, where glibc keeps it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


@contextlib.contextmanager
def silent(*descriptors: int) -> Iterator[None]:
    """Sends to nowhere what this process writes to stdout (1) or stderr (2), also from C++.

    XLA's first compilation in a process says so on stderr, libraries of environments greet, and no setting stops them.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    kept, nowhere = [os.dup(one) for one in descriptors], os.open(os.devnull, os.O_WRONLY)
    for one in descriptors:
        os.dup2(nowhere, one)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for one, copy in zip(descriptors, kept, strict=True):
            os.dup2(copy, one)
            os.close(copy)
        os.close(nowhere)
