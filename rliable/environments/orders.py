"""What passes between a process that steps an environment and the one that tells it to."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rliable.environments.shared_arrays import Layout

#: Upon this signal the process prints where it is, whatever it is in.
TELL_SIGNAL = signal.SIGUSR1


class Assignment(NamedTuple):
    """What the process has to know.

    Attributes:
      name, constants, wrappers: of the `HostEnvironment`.
      is_training: see `HostEnvironment.make`.
      instances: which of all are its own.
      worker: its number among the processes.
      memory, layout: see `open_arrays`.
      parent: the process number of who starts it.
    """

    name: str
    constants: Mapping[str, Any]
    wrappers: Sequence[Any]
    is_training: bool
    instances: range
    worker: int
    memory: int
    layout: Layout
    parent: int


class Order(NamedTuple):
    """What to do with some of its instances.

    Attributes:
      which: the instances.
      seeds: of the episodes that begin; None to take a step.
    """

    which: Sequence[int]
    seeds: Sequence[int] | None


class Raised(NamedTuple):
    """An exception, as others are told of it.

    Attributes:
      kind: the name of its class.
      words: its message.
      trace: where it was raised.
    """

    kind: str
    words: str
    trace: str


class EnvironmentDied(ChildProcessError):
    """A process that steps environments is gone."""
