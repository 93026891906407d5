"""How many cores NumPy's libraries compute with, which decides the last bit of a result."""

from __future__ import annotations

import os

from threadpoolctl import threadpool_limits

#: Read by the libraries when they are loaded.
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def thread_variables(threads: int) -> dict[str, str]:
    """The environment of a process that is to compute with `threads` cores."""
    return {name: str(threads) for name in VARIABLES}


def limit_threads(threads: int) -> None:
    """Makes this process compute with `threads` cores: libraries that are loaded, and those still to come."""
    os.environ.update(thread_variables(threads))
    threadpool_limits(limits=threads)
