"""The training loop of every agent in environments on the host: act by NumPy, step in Python, learn in compiled calls.

It does what `rliable.training.loop` does inside the graph, in the same order, with the same functions of the agent and
the same random numbers for acting; only batches and episodes are drawn otherwise.

Shapes: E environments side by side, O numbers of observation, W windows of the log.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from rliable.environments.host import HostEnvironment
from rliable.environments.runtime import tf
from rliable.helping import Dealer
from rliable.training.agent import Agent
from rliable.training.arrays import as_nest, filled_in, from_bytes, to_bytes
from rliable.training.host.draws import Steps
from rliable.training.host.memories import HostReplay, HostRollout
from rliable.training.host.nests import leaves
from rliable.training.host.packing import Vectors
from rliable.training.host.program import NUM_COUNTS, HostProgram, run_numbers
from rliable.training.host.stage import Stage
from rliable.training.loop import MAX_WINDOWS, Call, Interaction, RunState


class HostLoop:
    """Trains an agent on its own experience; the interface is that of `rliable.training.loop.Loop`.

    Args:
      agent: what acts and learns.
      memory: how it remembers.
      uses_xla: whether XLA compiles what NumPy does not compute; else TensorFlow's own operations compute it.
    """

    def __init__(self, agent: Agent, memory: HostReplay | HostRollout, uses_xla: bool) -> None:
        assert isinstance(agent.environment, HostEnvironment)
        self.agent, self.environment = agent, agent.environment
        self.memory, self._uses_xla = memory, uses_xla
        self._program: HostProgram | None = None

    def initial_state(
        self,
        values: Any,
        seeds: dict[str, np.int32],
        weights_seed: int,
        dealer: Dealer | None = None,
        rows: range | None = None,
    ) -> RunState:
        """The state before the first step; see `Loop`.

        Args:
          dealer: what has others step some of the environments.
          rows: the environments that can be stepped here; all of them when None.
        """
        number = self.agent.shape.num_environments
        stage = Stage(self.environment, number, int(seeds["reset"]), values.stepping, rows)
        stage.dealer = dealer or stage.dealer
        parts, window = self.agent.initial_parts(values, weights_seed), dict.fromkeys(self.agent.losses, np.float32(0))
        interaction = Interaction(stage, None, self.agent.initial_carry(number), np.int32(0))
        return RunState(parts, interaction, self.memory.new(values), np.int32(0), window)

    def run(
        self, state: RunState, call: Call, numbers: dict[str, Any], seeds: dict[str, np.int32]
    ) -> tuple[RunState, dict[str, np.ndarray]]:
        """Runs iterations; see `Loop`."""
        iterations = Iterations(self.program(state, numbers, seeds), state, numbers, seeds)
        log = {name: np.zeros(MAX_WINDOWS + 1, np.float32) for name in self.agent.losses}
        for name, total in state.window.items():
            log[name][0] = total
        interval, first = int(numbers["log_interval"]), int(call.first_iteration)
        for iteration in range(first, first + int(call.num_iterations)):
            iterations.collect(int(call.collect_steps))
            figures = iterations.learn(int(call.train_steps))
            for name, figure in figures.items():
                log[name][iteration // interval - first // interval] += figure
        last = (first + int(call.num_iterations)) // interval - first // interval
        return iterations.state({name: log[name][last] for name in log}), log

    def to_arrays(self, state: RunState) -> Any:
        """A state as a nest of arrays, for a checkpoint."""
        now = state.interaction
        interaction = {"stage": now.state.to_arrays(), "carry": now.carry, "num_steps": now.num_steps}
        return state._asdict() | {"interaction": interaction, "memory": state.memory.to_arrays()}

    def restored(self, template: RunState, arrays: dict[str, np.ndarray]) -> RunState:
        """The state of a checkpoint; see `Loop.restored`."""
        kept = as_nest(arrays)["state"]
        template.interaction.state.restore(kept["interaction"]["stage"])
        template.memory.restore(kept.get("memory", {}))
        carry = filled_in(template.interaction.carry, arrays, "state/interaction/carry")
        return RunState(
            filled_in(template.parts, arrays, "state/parts"),
            template.interaction._replace(carry=carry, num_steps=kept["interaction"]["num_steps"]),
            template.memory,
            kept["num_updates"],
            filled_in(template.window, arrays, "state/window"),
        )

    def close(self, state: RunState) -> None:
        """Gives back what the environments hold."""
        state.interaction.state.close()

    def program(self, state: RunState, numbers: Any, seeds: Any) -> HostProgram:
        """What is traced and compiled: once, as all runs of the loop have the same shapes."""
        if self._program is None:
            self._program = HostProgram(self.agent, self.memory, self._uses_xla, state, numbers, seeds)
        return self._program


class Block(NamedTuple):
    """A rollout in R of the environments.

    Attributes:
      steps: its arrays, in a list. [T, R, …]
      carry: what the agent carries on, in a list. [R, …]
    """

    steps: list[np.ndarray]
    carry: list[np.ndarray]


class Iterations:
    """One call of a loop: a run's state while its iterations go on.

    Args:
      program: the loop's.
      state: at the beginning.
      numbers, seeds: the run's.
    """

    def __init__(self, program: HostProgram, state: RunState, numbers: Any, seeds: dict[str, np.int32]) -> None:
        self._program, self._state = program, state
        self._agent, self._memory = program.agent, program.memory
        self._stage: Stage = state.interaction.state
        self._carry, self._num_steps = state.interaction.carry, int(state.interaction.num_steps)
        self._num_updates = int(state.num_updates)
        self._numbers, self._seeds = numbers, seeds
        self._total_steps = np.float32(numbers["total_steps"])
        self._draws: Steps = program.drawn.blocks(seeds)
        known, self._whole = program.known.pack(run_numbers(numbers, seeds)), program.known.names.index("int32")
        self._known = [part if index == self._whole else tf.constant(part) for index, part in enumerate(known)]
        self._vectors: Vectors = program.packing.pack(state.parts)
        program.choose.bind(self._vectors, numbers)
        program.watch.bind(self._vectors, numbers)

    def collect(self, num_steps: int) -> None:
        """Takes that many steps in each environment, perhaps with the help of other processes."""
        if not self._stage.dealer.is_alone and self._program.can_share(num_steps):
            self._collect_together()
        else:
            for _ in range(num_steps):
                self._step()

    def collect_in(self, rows: range) -> Block:
        """Collects a rollout in some environments.

        It acts with all E rows, of which only these are looked at: a batch of another size need not round the same.
        """
        self._stage.hold(rows)
        for _ in range(self._agent.shape.collect_steps_per_iteration):
            self._step()
        carry = [np.asarray(part)[rows.start : rows.stop] for part in leaves(self._carry)]
        return Block(self._state.memory.block(rows), carry)

    def learn(self, train_steps: int) -> dict[str, np.float32]:
        """Makes an iteration's updates; the figures are means over them."""
        total = np.zeros(len(self._agent.losses), np.float32)
        for updates in self._memory.chunks(train_steps):
            total += self._learn_chunk(updates) * np.float32(updates / max(train_steps, 1))
        return dict(zip(self._agent.losses, total, strict=True))

    def state(self, window: dict[str, Any]) -> RunState:
        """The state now."""
        vectors = [np.asarray(vector) for vector in self._vectors]
        interaction = self._state.interaction._replace(carry=self._carry, num_steps=np.int32(self._num_steps))
        return self._state._replace(
            parts=self._program.packing.unpack(vectors),
            interaction=interaction,
            num_updates=np.int32(self._num_updates),
            window=window,
        )

    def _collect_together(self) -> None:
        """Collects a rollout, of which each process that is there collects some environments."""
        num_steps, carry = self._num_steps, self._carry

        def collect(rows: range) -> Block:
            self._num_steps, self._carry = num_steps, carry
            return self.collect_in(rows)

        dealer, joined = self._stage.dealer, [np.array(part) for part in leaves(carry)]
        order, number = partial(self._order, num_steps, carry), self._agent.shape.num_environments
        for rows, block in dealer.deal("rollout in an environment", number, order, collect, self._block_of):
            self._state.memory.fill(rows, block.steps)
            for whole, part in zip(joined, block.carry, strict=True):
                whole[rows.start : rows.stop] = part
        self._carry = self._program.carry_of(joined)

    def _order(self, num_steps: int, carry: Any, rows: range) -> bytes:
        """What `Assistant` is told."""
        known = {"num_steps": np.int32(num_steps), "num_updates": np.int32(self._num_updates)}
        where = {"rows": np.array([rows.start, rows.stop]), "positions": self._stage.positions(rows)}
        vectors = [np.asarray(vector) for vector in self._vectors]
        return to_bytes({**known, **where, "vectors": vectors, "carry": leaves(carry)})

    def _block_of(self, rows: range, answer: bytes) -> Block:
        """What `Assistant` has collected; notes where it has left the environments."""
        told = as_nest(from_bytes(answer))
        self._stage.put(rows, told["positions"])
        return Block(as_list(told["steps"]), as_list(told.get("carry", {})))

    def _step(self) -> None:
        """One step in each environment."""
        program, number = self._program, self._agent.shape.num_environments
        clock = (
            np.int32(self._num_steps),
            np.int32(self._num_updates),
            np.float32(self._num_steps) / self._total_steps,
        )
        draws = self._draws.at(self._num_steps // number)
        chosen = program.choose.call_flat([self._stage.shown, *leaves(self._carry), *clock, *draws])
        seen = self._stage.step(chosen[-1])  # `Chosen.taken`
        *changed, experience, self._carry = program.watch.built(program.watch.call_flat([*chosen, *seen]))
        if changed:
            self._set_parts(program.packing.pack(changed[0]))
        self._state.memory.append(experience)
        self._num_steps += number

    def _learn_chunk(self, updates: int) -> np.ndarray:
        """Learns in one compiled call; gives the means of the figures."""
        memory, count = self._state.memory, self._num_updates
        lesson = self._memory.lesson(memory, count, updates, self._numbers, int(self._seeds["replay"]))
        self._known[self._whole][:NUM_COUNTS] = (self._num_steps, count, updates)
        *vectors, num_updates, losses = self._program.learn(self._vectors, lesson, updates, self._known)
        self._num_updates = int(num_updates)
        self._set_parts(vectors)
        figures: np.ndarray = losses.numpy()
        return figures

    def _set_parts(self, vectors: Vectors) -> None:
        """Takes new parts, as NumPy arrays or as tensors, which then go back as they are."""
        self._vectors = vectors
        self._program.choose.bind_first(vectors)
        self._program.watch.bind_first(vectors)


def as_list(numbered: dict[str, np.ndarray]) -> list[np.ndarray]:
    """A list of arrays that has gone through `to_bytes`."""
    return [numbered[str(index)] for index in range(len(numbered))]
