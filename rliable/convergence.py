"""When a study has converged: decided in the order of trial numbers, so every mode stops at the same trial."""

from __future__ import annotations


class ConvergenceRule:
    """Stops when the best value improved by no more than a tolerance over the last trials.

    Values are told in the order of trial numbers. Failed trials count as trials without improvement. Nothing
    converges before some trial has finished, nor while the best of `patience` trials ago does not exist.
    """

    def __init__(self, criteria: str, tolerance: float | None, patience: int) -> None:
        """Sets the rule up.

        Args:
          criteria: "max" or "min".
          tolerance: the largest improvement that counts as none, at least 0; None never stops.
          patience: how many trials it may take to improve, at least 1.
        """
        self._sign = 1.0 if criteria == "max" else -1.0
        self._tolerance = tolerance
        self._patience = patience
        self._best: list[float | None] = []  # after each trial, as something to maximise

    def tell(self, value: float | None) -> bool:
        """Takes the value of the next trial, None if it failed; tells whether the study stops with it."""
        previous = self._best[-1] if self._best else None
        signed = previous if value is None else self._sign * value
        self._best.append(signed if previous is None else max(previous, signed))  # type: ignore[type-var]
        return self._is_converged()

    def _is_converged(self) -> bool:
        if self._tolerance is None or len(self._best) <= self._patience:
            return False
        now, before = self._best[-1], self._best[-1 - self._patience]
        return now is not None and before is not None and now - before <= self._tolerance
