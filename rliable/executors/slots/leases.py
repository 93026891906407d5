"""Who works on what: the driver's book of units, leases and attempts. Pure: no channel, no Spark.

A slot that is free first helps with the episodes of a run that is being evaluated, so that results come early (a
sampler learns from them, and a study that has converged stops); then repeats what a lost slot held; then draws a new
unit.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator

from rliable.executors.slots.evaluation import Evaluation
from rliable.unit import Files, PlayedSlice, Unit, UnitResult

Key = tuple[int, int]
ModelKey = tuple[int, int, int]


class LeaseBook:
    """Hands out leases and takes back what came of them.

    Each unit ends exactly once, as a `UnitResult` or as a `Failure` that one of the methods returns.
    """

    def __init__(self, units: Iterator[Unit | None], max_evaluation_slots: int | None = None) -> None:
        """Opens an empty one.

        Args:
          units: what to run; None says that nothing is to be begun now.
          max_evaluation_slots: as of `ExecutorOptions`.
        """
        self._units = units
        self._max_evaluation_slots = max_evaluation_slots
        self._is_drained = self._is_draining = False
        self._again: deque[Lease] = deque()
        self._held: dict[str, Lease] = {}
        self._evaluations: dict[Key, Evaluation] = {}
        self._given_up: set[Key] = set()
        self._slots: set[str] = set()  # those that have asked for work and have not been lost since

    @property
    def is_finished(self) -> bool:
        """Whether every unit has ended and no more will come."""
        return self._is_drained and not (self._held or self._again or self._evaluations)

    @property
    def is_used_up(self) -> bool:
        """Whether there is nothing to be had for a free slot, whichever it is."""
        return self._is_drained and not (self._again or self._evaluations)

    def drain(self) -> None:
        """Begins no run any more: what is lost from here on, or waits to be repeated, is left to another search."""
        self._is_drained = self._is_draining = True
        self._again.clear()

    def held_by(self, slot: str) -> Lease | None:
        """What a slot works on."""
        return self._held.get(slot)

    def files_of(self, lease: Lease) -> Files:
        """The trained model whose episodes the lease is about; nothing for a run itself."""
        return {} if lease.episodes is None else self._evaluations[lease.key].files

    @property
    def num_training(self) -> int:
        """How many slots hold a run."""
        return sum(lease.episodes is None for lease in self._held.values())

    def lease(self, slot: str, may_train: bool = True) -> Lease | None:
        """Gives a free slot something to do; draws a unit only if there is nothing else and it may train."""
        self._slots.add(slot)
        lease = self._slice_to_play(slot)
        if lease is None and may_train:
            lease = self._again.popleft() if self._again else self._draw()
        if lease is not None:
            self._held[slot] = lease
        return lease

    def offer(self, slot: str, slices: list[range], files: Files) -> None:
        """Opens a run's test episodes to all slots."""
        lease = self._held[slot]
        self._evaluations[lease.key] = Evaluation(lease.unit, lease.attempt, slices, files)

    def next_slice(self, slot: str) -> range | None:
        """The next slice for the slot that trained the model, from the front."""
        evaluation = self._evaluations.get(self._held[slot].key)
        return evaluation.take_own() if evaluation else None

    def finish(self, slot: str, result: UnitResult) -> UnitResult | None:
        """Takes the result of a run; it is complete only when every slice is, and one that was lost may be repeated."""
        lease = self._held.pop(slot)
        if lease.key in self._given_up:
            return None
        result = dataclasses.replace(result, attempts=lease.attempt)
        if result.is_lost and self._lose_run(lease, Loss(result.error or "")) is None:
            return None
        evaluation = self._evaluations.get(lease.key)
        if evaluation is None or result.error is not None:
            self._evaluations.pop(lease.key, None)
            return result
        evaluation.add_result(result)
        return self._complete(evaluation)

    def finish_slice(self, slot: str, record: PlayedSlice, seconds: float = 0.0) -> UnitResult | None:
        """Takes a slice that was played for another slot's run, and how long the slot was busy with it."""
        evaluation = self._evaluation_of(self._held.pop(slot))
        if evaluation is None:
            return None
        evaluation.add_slice(record, seconds)
        return self._complete(evaluation)

    def lose(self, slot: str, loss: Loss) -> Failure | None:
        """Takes back what a slot held when it was lost; its work is repeated or given up."""
        self._slots.discard(slot)
        lease = self._held.pop(slot, None)
        if lease is None or lease.key in self._given_up:
            return None
        if lease.episodes is not None:
            return self._lose_slice(lease, lease.episodes, loss)
        return self._lose_run(lease, loss)

    def put_back(self, slot: str) -> None:
        """Takes back a slice that a slot could not begin to play; this does not count as a loss."""
        lease = self._held.pop(slot)
        evaluation = self._evaluation_of(lease)
        if evaluation is not None and lease.episodes is not None:
            evaluation.put_back(lease.episodes)

    def refuse_slice(self, slot: str, error: str) -> Failure | None:
        """Takes back a slice that a slot could not play, perhaps for its own reasons: a full disk, a missing package.

        The slot that trained plays it, or another if that one has gone on. Only when they cannot either, the run fails.
        """
        lease = self._held.pop(slot)
        evaluation = self._evaluation_of(lease)
        if evaluation is None or lease.episodes is None:
            return None
        return self._give_up(lease, error) if evaluation.refuse(slot, lease.episodes) else None

    def _lose_run(self, lease: Lease, loss: Loss) -> Failure | None:
        """Has a run repeated, or gives it up."""
        self._evaluations.pop(lease.key, None)
        if self._is_draining and not loss.is_final:
            return None
        if loss.is_final or lease.attempt >= lease.unit.limits.max_attempts:
            return Failure(lease.unit, loss.error, lease.attempt)
        self._again.append(dataclasses.replace(lease, attempt=lease.attempt + 1))
        return None

    def _lose_slice(self, lease: Lease, episodes: range, loss: Loss) -> Failure | None:
        evaluation = self._evaluation_of(lease)
        if evaluation is None:
            return None
        is_last = evaluation.lose(episodes) or loss.is_final
        return self._give_up(lease, loss.error) if is_last else None

    def _give_up(self, lease: Lease, error: str) -> Failure:
        """Ends a run because of a slice of it."""
        del self._evaluations[lease.key]
        if any(held.key == lease.key and held.episodes is None for held in self._held.values()):
            self._given_up.add(lease.key)  # the slot that trained it still works, in vain
        return Failure(lease.unit, error, lease.attempt)

    def _evaluation_of(self, lease: Lease) -> Evaluation | None:
        """The evaluation that a slice belongs to, unless its run has started again or ended since."""
        evaluation = self._evaluations.get(lease.key)
        return evaluation if evaluation and evaluation.attempt == lease.attempt else None

    def _complete(self, evaluation: Evaluation) -> UnitResult | None:
        result = evaluation.completed()
        if result is not None:
            del self._evaluations[result.trial, result.run]
        return result

    def _slice_to_play(self, slot: str) -> Lease | None:
        """A slice of a run that is being evaluated, unless as many slots play such slices as may."""
        most = self._max_evaluation_slots
        if most is not None and len(self._held) - self.num_training >= most:
            return None
        for evaluation in self._evaluations.values():
            episodes = evaluation.take_for(slot, self._slots)
            if episodes is not None:
                return Lease(evaluation.unit, evaluation.attempt, episodes)
        return None

    def _draw(self) -> Lease | None:
        """A unit that nobody has had yet, if there is one by now."""
        if self._is_drained:
            return None
        try:
            unit = next(self._units)
        except StopIteration:
            self._is_drained = True
            return None
        return None if unit is None else Lease(unit, 1)


@dataclasses.dataclass(frozen=True)
class Lease:
    """A unit, or a slice of its test episodes, in the hands of a slot.

    Attributes:
      unit: what is run.
      attempt: the run's, from 1.
      episodes: the slice, or None for the run itself.
    """

    unit: Unit
    attempt: int
    episodes: range | None = None

    @property
    def model_key(self) -> ModelKey:
        """The trained model's identity: another attempt trains another."""
        return self.unit.trial, self.unit.run, self.attempt

    @property
    def key(self) -> Key:
        """The unit's identity within a study."""
        return self.unit.trial, self.unit.run


@dataclasses.dataclass(frozen=True)
class Loss:
    """Why a lease ended without a result.

    Attributes:
      error: one line.
      is_final: True when another attempt would end the same way (a limit, a model's own error).
    """

    error: str
    is_final: bool = False


@dataclasses.dataclass(frozen=True)
class Failure:
    """A unit that is given up.

    Attributes:
      unit: which one.
      error: one line.
      attempts: how often it was started.
    """

    unit: Unit
    error: str
    attempts: int
