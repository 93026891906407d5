"""What a host loop traces and compiles: an agent's steps for NumPy, its learning for XLA."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np

from rliable.environments.runtime import tf
from rliable.training.agent import Agent, Clock, Experience, Parts
from rliable.training.host.compiled import CompiledCall
from rliable.training.host.draws import Draw, Drawn, draws_of, listed
from rliable.training.host.functions import HostFunction
from rliable.training.host.memories import HostReplay, HostRollout
from rliable.training.host.nests import builder_of, leaves
from rliable.training.host.packing import Packing, Vectors
from rliable.training.loop import Chosen, RunState, Seen, choose_action, watch_step
from rliable.training.optimizer import learning_rates_at
from rliable.training.shapes import power_of_two

#: The streams of random numbers that acting draws from.
STREAMS = ("act", "warm_up")
#: Environment steps so far, updates so far, updates to make.
NUM_COUNTS = 3


class HostProgram:
    """The functions of an agent that runs of one shape share.

    Attributes:
      choose: an agent's action, `rliable.training.loop.choose_action`; its parts and numbers are bound.
      watch: what it keeps of a step, `rliable.training.loop.watch_step`, alike; without the parts where no step changes
        them.
      drawn: the random numbers of `choose`.
      packing: how its parts lie in vectors.
      carry_of: makes a carry of the list of its arrays.
      known: how what else a run tells `learn` lies in vectors; see `run_numbers`.

    Args:
      agent: the mathematics.
      memory: how it remembers.
      uses_xla: whether XLA compiles what NumPy does not compute.
      state: of a run that has not begun.
      numbers, seeds: of that run; only shapes and types matter.
    """

    def __init__(
        self, agent: Agent, memory: HostReplay | HostRollout, uses_xla: bool, state: RunState, numbers: Any, seeds: Any
    ) -> None:
        self.agent, self.memory, self._uses_xla = agent, memory, uses_xla
        self.packing, self.known = Packing(state.parts), Packing(run_numbers(numbers, seeds))
        self._unset = {name: value for name, value in vars(agent.shape).items() if value is None}
        self._lessons: dict[int, CompiledCall] = {}
        shown, carry = state.interaction.state.shown, state.interaction.carry
        bound, clock = (self.packing.pack(state.parts), numbers), Clock(np.int32(0), np.int32(0), np.float32(0))
        draws = self._list_draws(state.parts, shown, carry, numbers, clock)
        self.carry_of = builder_of(carry, itertools.count())
        self.drawn = Drawn(draws, agent.shape.num_environments)
        others = (shown, carry, clock, [np.zeros(draw.shape, draw.dtype.as_numpy_dtype) for draw in draws])
        self.choose = HostFunction(self._choose, bound, others, uses_xla)
        self.choose.bind(*bound)
        step = (self.choose.call(*others), seen_like(shown))
        self.watch = HostFunction(self._watch, bound, step)
        self._is_watched_alone = self.watch.is_bound(len(leaves(state.parts)))
        if self._is_watched_alone:
            self.watch = HostFunction(self._watch_only, bound, step)

    def learn(self, vectors: Vectors, lesson: Any, updates: int, known: Vectors) -> list[tf.Tensor]:
        """Learns in a compiled call; see `_learn`."""
        key = power_of_two(updates)
        if key not in self._lessons:
            self._lessons[key] = CompiledCall(self._learn, [vectors, lesson, known], self._uses_xla)
        return self._lessons[key].call([*vectors, *leaves(lesson), *known])

    def can_share(self, num_steps: int) -> bool:
        """Whether several processes can collect so many steps, each in some of the environments.

        They can collect a rollout if what is seen in one environment changes nothing of what the agent does in others.
        """
        is_rollout = isinstance(self.memory, HostRollout) and num_steps == self.agent.shape.collect_steps_per_iteration
        return is_rollout and self._is_watched_alone

    def namespace(self, numbers: dict[str, Any]) -> SimpleNamespace:
        """The hyperparameters as agents read them."""
        return SimpleNamespace(**self._unset, **numbers)

    def _list_draws(self, parts: Parts, shown: Any, carry: Any, numbers: Any, clock: Clock) -> list[Draw]:
        def choose(seeds: SimpleNamespace) -> None:
            given = tf.nest.map_structure(tf.constant, (parts, shown, carry))
            known = tf.nest.map_structure(tf.constant, numbers)
            now = Clock(*map(tf.constant, clock))
            choose_action(self.agent, given[0], given[1], given[2], self.namespace(known), now, seeds)

        return draws_of(choose, STREAMS)

    def _choose(self, vectors: Vectors, numbers: Any, shown: Any, carry: Any, clock: Clock, draws: Any) -> Chosen:
        parts, known = self.packing.unpack(vectors), self.namespace(numbers)
        return choose_action(self.agent, parts, shown, carry, known, clock, listed(STREAMS, [], draws))

    def _watch(self, vectors: Vectors, numbers: Any, chosen: Chosen, seen: Seen) -> tuple[Parts, Experience, Any]:
        return watch_step(self.agent, self.packing.unpack(vectors), chosen, seen, self.namespace(numbers))

    def _watch_only(self, vectors: Vectors, numbers: Any, chosen: Chosen, seen: Seen) -> tuple[Experience, Any]:
        """`_watch` for agents whose parts no step changes."""
        return self._watch(vectors, numbers, chosen, seen)[1:]

    def _learn(self, vectors: Vectors, lesson: Any, known: Vectors) -> list[tf.Tensor]:
        """Learns from what a memory hands out.

        Args:
          vectors: the agent's parts.
          lesson: of the memory.
          known: counts, hyperparameters and seeds of the run, see `run_numbers`.

        Returns:
          The parts, the updates so far, and the mean of each figure.
        """
        run = self.known.unpack(known)
        num_steps, num_updates, train_steps = tf.unstack(run["counts"])
        numbers = self.namespace(run["numbers"])
        progress = tf.cast(num_steps, tf.float32) / tf.cast(numbers.total_steps, tf.float32)
        clock = self.memory.clock_of_updates(Clock(num_steps, num_updates, progress), numbers)
        numbers = SimpleNamespace(**vars(numbers) | learning_rates_at(clock.progress, numbers))
        _, parts, count, losses = self.memory.learn(
            lesson, self.packing.unpack(vectors), clock, train_steps, numbers, SimpleNamespace(**run["seeds"])
        )
        return [*self.packing.pack_tensors(parts), count, tf.stack([losses[name] for name in self.agent.losses])]


def run_numbers(numbers: dict[str, Any], seeds: dict[str, Any]) -> dict[str, Any]:
    """What a run tells a compiled call besides its parts: counts come first in the vector of whole numbers."""
    return {"counts": np.zeros(NUM_COUNTS, np.int32), "numbers": numbers, "seeds": seeds}


def seen_like(shown: np.ndarray) -> Seen:
    """A step in environments that show such observations, for its shapes."""
    flags = np.zeros(len(shown), np.bool_)
    return Seen(shown, flags.astype(np.float32), flags, flags, shown)
