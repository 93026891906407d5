"""Steps some instances of an environment: `python -m rliable.environments.worker_process FD`.

`rliable.environments.workers` starts it. It imports no TensorFlow, and makes the environment anew from its name.
"""

from __future__ import annotations

import contextlib
import faulthandler
import itertools
import os
import signal
import sys
import time
import traceback
from multiprocessing.connection import Connection

from rliable.config.constants import make_environment
from rliable.environments.host import HostEnvironment, Instance
from rliable.environments.orders import TELL_SIGNAL, Assignment, Order, Raised
from rliable.environments.runtime import prepare_import
from rliable.environments.shared_arrays import SharedArrays, open_arrays
from rliable.processes import die_with


class Worker:
    """The instances, whose arrays other processes read.

    Args:
      given: what to make.
    """

    def __init__(self, given: Assignment) -> None:
        self._arrays = open_arrays(given.memory, given.layout)
        os.close(given.memory)
        prepare_import()
        environment = make_environment(given.name, given.constants, given.wrappers)
        assert isinstance(environment, HostEnvironment)
        self._instances = {index: environment.make(given.is_training) for index in given.instances}
        self._number = given.worker

    def obey(self, order: Order) -> None:
        """Does what is ordered."""
        for index, seed in itertools.zip_longest(order.which, order.seeds or ()):
            self._arrays.began[self._number] = time.monotonic()
            if seed is None:
                step(self._instances[index], index, self._arrays)
            else:
                reset(self._instances[index], index, self._arrays, seed)

    def close(self) -> None:
        """Gives back what the instances hold."""
        for instance in self._instances.values():
            instance.close()


def step(instance: Instance, index: int, arrays: SharedArrays) -> None:
    """Moves an instance on by one step."""
    action = arrays.action[index].copy()  # it may keep what it is given
    answer = instance.step(action)
    arrays.observation[index], arrays.reward[index], arrays.terminated[index], arrays.truncated[index] = answer


def reset(instance: Instance, index: int, arrays: SharedArrays, seed: int) -> None:
    """Begins an episode in an instance."""
    arrays.observation[index] = instance.reset(seed)
    arrays.continues[index] = instance.continues


def serve(channel: Connection, given: Assignment) -> None:
    """Works until nobody is there to give orders, or the environment raises something."""
    worker = None
    try:
        worker = Worker(given)
        while (order := next_order(channel)) is not None:
            worker.obey(order)
    except BaseException as error:
        told = Raised(type(error).__name__, str(error), traceback.format_exc())
        with contextlib.suppress(OSError):  # nobody may be there to be told
            channel.send(told)
    if worker is not None:
        worker.close()


def next_order(channel: Connection) -> Order | None:
    """Says that all is done, and waits for an order; None when no more will come."""
    try:
        channel.send(None)
        order: Order = channel.recv()
    except (EOFError, OSError):
        return None
    return order


def main() -> None:
    """Serves the process at the other end of the socket that was inherited."""
    faulthandler.enable()
    faulthandler.register(TELL_SIGNAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who has started it is interrupted, and ends it
    number = int(sys.argv[1])
    os.set_inheritable(number, False)
    channel = Connection(number)
    given: Assignment = channel.recv()
    die_with(given.parent)
    serve(channel, given)


if __name__ == "__main__":
    main()
