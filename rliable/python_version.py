"""Says in one line that another Python is needed. Written so that any Python 3 can read it."""

from __future__ import annotations

import sys

NEEDED = (3, 11)


def require_python() -> None:
    """Ends the process with exit code 2 unless this is Python 3.11, which TensorFlow and TF-Agents need."""
    if sys.version_info[:2] != NEEDED:
        found = "%d.%d" % sys.version_info[:2]  # noqa: UP031
        sys.stderr.write("error: RLiable needs Python 3.11 (for tf-agents 0.19), but this is Python %s\n" % found)  # noqa: UP031
        sys.exit(2)
