"""A unit in the hands of a slot, and how that can end without a result."""

from __future__ import annotations

import dataclasses

from rliable.trial import Unit

Key = tuple[int, int]


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
