"""Instances of an environment that several processes step together, each a block of them.

It pays where a step is slow. Which process steps an instance changes nothing of what happens in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rliable.environments.host import HostEnvironment
from rliable.environments.orders import Assignment, Order
from rliable.environments.shared_arrays import layout_for, new_memory, open_arrays
from rliable.environments.side_by_side import SideBySide, Stepped
from rliable.environments.worker import PATIENCE_SECONDS, WorkerProcess
from rliable.helping import blocks_of


class Stepping(NamedTuple):
    """How a run has its environments stepped.

    Attributes:
      num_workers: in how many processes, 0 for this one.
      timeout_seconds: of a step or a reset of one of them, None for no limit; only another process can be ended.
    """

    num_workers: int = 0
    timeout_seconds: float | None = None


class Workers:
    """Instances in processes of their own; the interface is that of `SideBySide`.

    All blocks are told to step before any is waited for. Once it has raised, it is closed.

    Args:
      environment: what to make instances of, known by its name in every process.
      number: E.
      is_training: see `HostEnvironment.make`.
      stepping: how.
    """

    def __init__(self, environment: HostEnvironment, number: int, is_training: bool, stepping: Stepping) -> None:
        blocks = blocks_of(number, max(stepping.num_workers, 1))
        layout = layout_for(environment, number, len(blocks))
        memory = new_memory(layout)
        self._arrays, self._processes = open_arrays(memory, layout), []
        try:
            for worker, block in enumerate(blocks):
                what = (environment.name, environment.constants, environment.wrappers, is_training)
                given = Assignment(*what, block, worker, memory, layout, os.getpid())
                self._processes.append((block, WorkerProcess(given, self._arrays, stepping.timeout_seconds)))
        finally:
            os.close(memory)
        self._wait_for([process for _, process in self._processes])

    def reset(self, which: Sequence[int], seeds: Sequence[int]) -> tuple[list[np.ndarray], list[bool]]:
        """Begins an episode in some instances; see `SideBySide.reset`."""
        self._order(dict(zip(which, seeds, strict=True)), begins=True)
        return list(self._arrays.observation[list(which)]), self._arrays.continues[list(which)].tolist()

    def step(self, which: Sequence[int], actions: np.ndarray) -> Stepped:
        """Moves some instances on by one step; see `SideBySide.step`."""
        arrays, rows = self._arrays, list(which)
        arrays.action[rows] = actions
        self._order(dict.fromkeys(rows, 0), begins=False)
        is_boundary = arrays.terminated[rows] | arrays.truncated[rows]
        return Stepped(arrays.observation[rows], arrays.reward[rows], arrays.terminated[rows], is_boundary)

    def close(self) -> None:
        """Ends the processes, which give back what the instances hold."""
        for _, process in self._processes:
            process.hang_up()
        deadline = time.monotonic() + PATIENCE_SECONDS  # for all of them: who hangs is often not alone
        for _, process in self._processes:
            process.end(max(0.0, deadline - time.monotonic()))

    def _order(self, seeds: dict[int, int], begins: bool) -> None:
        """Has instances, the keys, step or begin an episode, and waits for them."""
        told = []
        for block, process in self._processes:
            own = [index for index in seeds if index in block]
            if own:
                process.tell(Order(own, [seeds[index] for index in own] if begins else None))
                told.append(process)
        self._wait_for(told)

    def _wait_for(self, processes: Sequence[WorkerProcess]) -> None:
        try:
            for process in processes:
                process.wait()
        except BaseException:
            self.close()
            raise


def make_instances(
    environment: HostEnvironment, number: int, is_training: bool, stepping: Stepping
) -> SideBySide | Workers:
    """Instances that are stepped together, in this process unless others are wanted or needed.

    Args:
      environment, number, is_training: see `SideBySide`.
      stepping: how they are stepped.
    """
    if stepping.num_workers or stepping.timeout_seconds is not None:
        return Workers(environment, number, is_training, stepping)
    return SideBySide(environment, number, is_training)
