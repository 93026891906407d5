"""Collects a part of a rollout for a run in another process."""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.training.arrays import to_bytes
from rliable.training.host.loop import HostLoop, Iterations, as_list
from rliable.training.loop import RunState


class Assistant:
    """Steps some environments of a run; what an order says of it is made by `Iterations`.

    Args:
      loop: of the run.
      values: its hyperparameters.
      numbers, seeds: see `HostLoop.run`.
    """

    def __init__(self, loop: HostLoop, values: Any, numbers: Any, seeds: dict[str, np.int32]) -> None:
        self._loop, self._values, self._numbers, self._seeds = loop, values, numbers, seeds
        self._rows = range(0)
        self._state: RunState | None = None

    def collect(self, told: dict[str, Any]) -> bytes:
        """Collects as `Iterations` has told; gives the steps, and where the environments are then."""
        rows = range(*told["rows"].tolist())
        state = self._state_of(rows)
        stage, program = state.interaction.state, self._loop.program(state, self._numbers, self._seeds)
        if not is_same(told["positions"], stage.positions(rows)):
            stage.put(rows, told["positions"])
        stage.hold(rows)
        carry = program.carry_of(as_list(told.get("carry", {})))
        state = state._replace(
            parts=program.packing.unpack(as_list(told["vectors"])),
            interaction=state.interaction._replace(carry=carry, num_steps=told["num_steps"]),
            num_updates=told["num_updates"],
        )
        block = Iterations(program, state, self._numbers, self._seeds).collect_in(rows)
        return to_bytes({**block._asdict(), "positions": stage.positions(rows)})

    def _state_of(self, rows: range) -> RunState:
        """A run's state with these environments, kept for the next order."""
        if self._state is None or rows != self._rows:
            if self._state is not None:
                self._loop.close(self._state)
            any_seed = 0  # the weights come with the orders
            self._state, self._rows = self._loop.initial_state(self._values, self._seeds, any_seed, rows=rows), rows
        return self._state


def is_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Whether two sets of positions are the same."""
    return all(np.array_equal(one[name], other[name]) for name in other)
