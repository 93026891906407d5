"""Hyperparameter search for reinforcement learning, on a laptop or a Spark cluster.

From a script or a notebook:

    from rliable import search

    record = search("config/optim_dqn.json", seed=1, mode="level 1")
    print(record.best_trial.params)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rliable.cli.call import search

__all__ = ["search"]


def __getattr__(name: str) -> Any:
    """Imports `search` when it is first asked for, so that importing the package imports nothing else."""
    if name == "search":
        from rliable.cli.call import search

        return search
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
