"""The training loop of every agent in environments on the host: act by NumPy, step in Python, learn in compiled calls.

It does what `rliable.training.loop` does inside the graph, in the same order, with the same functions of the agent and the
same random numbers for acting; only batches and episodes are drawn otherwise.
Shapes: E environments side by side, O numbers of observation, W windows of the log.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import numpy as np

from rliable.environments.runtime import release_memory, tf
from rliable.training.agent import Agent, Clock, Experience, Parts
from rliable.training.arrays import as_nest, filled_in
from rliable.training.host.drawing import Draw, Drawn, Steps, draws_of, listed
from rliable.training.host.functions import HostFunction
from rliable.training.host.memories import HostReplay, HostRollout
from rliable.training.host.packing import Packing, Vectors
from rliable.training.host.stage import Stage
from rliable.training.loop import MAX_WINDOWS, Call, Chosen, Interaction, RunState, Seen, choose_action, watch_step
from rliable.training.optimizer import learning_rates_at

#: The streams of random numbers that acting draws from.
STREAMS = ("act", "warm_up")


class HostLoop:
    """Trains an agent on its own experience; the interface is that of `rliable.training.loop.Loop`.

    Args:
      agent: what acts and learns.
      memory: how it remembers.
    """

    def __init__(self, agent: Agent, memory: HostReplay | HostRollout) -> None:
        self.agent = agent
        self.memory = memory

    def initial_state(self, values: Any, seeds: dict[str, np.int32], weights_seed: int) -> RunState:
        """The state before the first step: new parts, nothing remembered, new episodes."""
        number = self.agent.shape.num_environments
        stage = Stage(self.agent.environment, number, int(seeds["reset"]))
        parts, window = self.agent.initial_parts(values, weights_seed), dict.fromkeys(self.agent.losses, np.float32(0))
        interaction = Interaction(stage, None, self.agent.initial_carry(number), np.int32(0))
        return RunState(parts, interaction, self.memory.new(values), np.int32(0), window)

    def run(
        self, state: RunState, call: Call, numbers: dict[str, np.generic], seeds: dict[str, np.int32]
    ) -> tuple[RunState, dict[str, np.ndarray]]:
        """Runs iterations; see `Loop`."""
        work = Work(self.compiled(state, numbers), state, numbers, seeds)
        log = {name: np.zeros(MAX_WINDOWS + 1, np.float32) for name in self.agent.losses}
        for name, total in state.window.items():
            log[name][0] = total
        interval, first = int(numbers["log_interval"]), int(call.first_iteration)
        for iteration in range(first, first + int(call.num_iterations)):
            work.collect(int(call.collect_steps))
            figures = work.learn(int(call.train_steps))
            for name, figure in figures.items():
                log[name][iteration // interval - first // interval] += figure
        last = (first + int(call.num_iterations)) // interval - first // interval
        return work.state({name: log[name][last] for name in log}), log

    def to_arrays(self, state: RunState) -> Any:
        """A state as a nest of arrays, for a checkpoint."""
        stage = state.interaction.state.to_arrays()
        return state._replace(
            interaction={"stage": stage, "carry": state.interaction.carry, "num_steps": state.interaction.num_steps},
            memory=state.memory.to_arrays(),
        )._asdict()

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

    def compiled(self, state: RunState, numbers: dict[str, np.generic]) -> Functions:
        """What is traced and compiled: once, as all runs of the loop have the same shapes."""
        if not hasattr(self, "_functions"):
            self._functions = Functions(self.agent, self.memory, state, numbers)
        return self._functions


class Functions:
    """What a loop has traced and compiled.

    Attributes:
      choose: an agent's action. `rliable.training.loop.choose_action`
      watch: what it keeps of a step. `rliable.training.loop.watch_step`
      drawn: the random numbers of `choose`.
      packing: how its parts go to `learn` and come back.
    """

    def __init__(
        self, agent: Agent, memory: HostReplay | HostRollout, state: RunState, numbers: dict[str, np.generic]
    ) -> None:
        self.agent, self.memory = agent, memory
        self.packing = Packing(state.parts)
        self._unset = {name: value for name, value in vars(agent.shape).items() if value is None}
        now = {
            "parts": state.parts,
            "numbers": numbers,
            "shown": state.interaction.state.shown,
            "carry": state.interaction.carry,
            "clock": Clock(np.int32(0), np.int32(0), np.float32(0)),
        }
        self.draws = self._list_draws(now)
        self.drawn = Drawn(self.draws, agent.shape.num_environments)
        draws = [np.zeros(draw.shape, draw.dtype.as_numpy_dtype) for draw in self.draws]
        self.choose = HostFunction(self._choose, {**now, "draws": draws})
        chosen = examples_of(self.choose, {**now, "draws": draws})
        flags = np.zeros(agent.shape.num_environments, np.bool_)
        seen = Seen(now["shown"], np.zeros(len(flags), np.float32), flags, flags, now["shown"])
        self.watch = HostFunction(
            self._watch, {"parts": state.parts, "numbers": numbers, "chosen": chosen, "seen": seen}
        )
        self.learn = tf.function(self._learn, jit_compile=True, autograph=False)

    def namespace(self, numbers: dict[str, Any]) -> SimpleNamespace:
        """The hyperparameters as agents read them."""
        return SimpleNamespace(**self._unset, **numbers)

    def _list_draws(self, now: dict[str, Any]) -> list[Draw]:
        def choose(seeds: SimpleNamespace) -> None:
            tensors = tf.nest.map_structure(tf.constant, now)
            arguments = {**tensors, "numbers": self.namespace(tensors["numbers"])}
            choose_action(self.agent, seeds=seeds, **arguments)

        return draws_of(choose, STREAMS)

    def _choose(self, parts: Parts, numbers: Any, shown: Any, carry: Any, clock: Clock, draws: Any) -> Chosen:
        seeds = listed(STREAMS, [], draws)
        return choose_action(self.agent, parts, shown, carry, self.namespace(numbers), clock, seeds)

    def _watch(self, parts: Parts, numbers: Any, chosen: Chosen, seen: Seen) -> tuple[Parts, Experience, Any]:
        return watch_step(self.agent, parts, chosen, seen, self.namespace(numbers))

    def _learn(
        self, vectors: Vectors, lesson: Any, counts: tf.Tensor, numbers: dict[str, Any], seeds: dict[str, Any]
    ) -> tuple[Vectors, tf.Tensor, tf.Tensor]:
        """Learns from what a memory hands out.

        Args:
          vectors: the agent's parts.
          lesson: of the memory.
          counts: environment steps so far, updates so far, updates to make. int32 [3]
          numbers, seeds: the run's.

        Returns:
          The parts, the updates so far, and the mean of each figure.
        """
        num_steps, num_updates, train_steps = tf.unstack(counts)
        progress = tf.cast(num_steps, tf.float32) / tf.cast(numbers["total_steps"], tf.float32)
        known = self.namespace(numbers)
        clock = self.memory.clock_of_updates(Clock(num_steps, num_updates, progress), known)
        known = SimpleNamespace(**vars(known) | learning_rates_at(clock.progress, known))
        _, parts, count, losses = self.memory.learn(
            lesson, self.packing.unpack(vectors), clock, train_steps, known, SimpleNamespace(**seeds)
        )
        return self.packing.pack_tensors(parts), count, tf.stack([losses[name] for name in self.agent.losses])


class Work:
    """One call of a loop: a run's state while its iterations go on.

    Args:
      functions: the loop's.
      state: at the beginning.
      numbers, seeds: the run's.
    """

    def __init__(
        self, functions: Functions, state: RunState, numbers: dict[str, np.generic], seeds: dict[str, np.int32]
    ) -> None:
        self._functions, self._state = functions, state
        self._agent, self._memory = functions.agent, functions.memory
        self._stage: Stage = state.interaction.state
        self._carry, self._num_steps = state.interaction.carry, int(state.interaction.num_steps)
        self._num_updates, self._parts = int(state.num_updates), state.parts
        self._vectors: Vectors | None = None
        self._numbers, self._seeds = numbers, seeds
        self._total_steps = np.float32(numbers["total_steps"])
        self._draws: Steps = functions.drawn.blocks(seeds)
        functions.choose.bind(numbers=numbers, parts=self._parts)
        functions.watch.bind(numbers=numbers)

    def collect(self, num_steps: int) -> None:
        """Takes that many steps in each environment."""
        for _ in range(num_steps):
            self._step()

    def learn(self, train_steps: int) -> dict[str, np.float32]:
        """Makes an iteration's updates; the figures are means over them."""
        total = np.zeros(len(self._agent.losses), np.float32)
        for updates in self._memory.chunks(train_steps):
            total += self._learn_chunk(updates) * np.float32(updates / max(train_steps, 1) if train_steps else 1)
        return dict(zip(self._agent.losses, total, strict=True))

    def state(self, window: dict[str, Any]) -> RunState:
        """The state now."""
        interaction = self._state.interaction._replace(carry=self._carry, num_steps=np.int32(self._num_steps))
        return self._state._replace(
            parts=self._parts, interaction=interaction, num_updates=np.int32(self._num_updates), window=window
        )

    def _step(self) -> None:
        """One step in each environment."""
        number = self._agent.shape.num_environments
        progress = np.float32(self._num_steps) / self._total_steps
        clock = Clock(np.int32(self._num_steps), np.int32(self._num_updates), progress)
        draws = self._draws.at(self._num_steps // number)
        chosen = self._functions.choose.call(shown=self._stage.shown, carry=self._carry, clock=clock, draws=draws)
        seen = self._stage.step(chosen.taken)
        parts, experience, self._carry = self._functions.watch.call(parts=self._parts, chosen=chosen, seen=seen)
        self._take(parts)
        self._state.memory.append(experience)
        self._num_steps += number

    def _take(self, parts: Parts) -> None:
        """Takes the parts that a step left, where it changed any."""
        pairs = zip(tf.nest.flatten(parts), tf.nest.flatten(self._parts), strict=True)
        if any(new is not old for new, old in pairs):
            self._parts, self._vectors = parts, None
            self._functions.choose.bind(parts=parts)

    def _learn_chunk(self, updates: int) -> np.ndarray:
        """Learns in one compiled call; gives the means of the figures."""
        functions, count = self._functions, self._num_updates
        lesson = self._memory.lesson(self._state.memory, count, updates, self._numbers, int(self._seeds["replay"]))
        vectors = self._vectors if self._vectors is not None else functions.packing.pack(self._parts)
        counts = np.array([self._num_steps, count, updates], np.int32)
        before = functions.learn.experimental_get_tracing_count()
        self._vectors, num_updates, losses = functions.learn(
            as_tensors(vectors),
            as_tensors(lesson),
            tf.constant(counts),
            self._tensors["numbers"],
            self._tensors["seeds"],
        )
        if functions.learn.experimental_get_tracing_count() > before:
            release_memory()
        self._num_updates = int(num_updates)
        self._parts = functions.packing.unpack({name: vector.numpy() for name, vector in self._vectors.items()})
        functions.choose.bind(parts=self._parts)
        figures: np.ndarray = losses.numpy()
        return figures

    @functools.cached_property
    def _tensors(self) -> dict[str, Any]:
        return {"numbers": as_tensors(self._numbers), "seeds": as_tensors(self._seeds)}


def as_tensors(nest: Any) -> Any:
    """A nest of arrays as tensors."""
    return tf.nest.map_structure(tf.convert_to_tensor, nest)


def examples_of(function: HostFunction, arguments: dict[str, Any]) -> Any:
    """What a function gives for some arguments."""
    return function.call(**arguments)
