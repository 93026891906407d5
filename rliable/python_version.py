"""Says in one line that another Python is needed. Written so that any Python 3 can read it."""

from __future__ import annotations

import sys

LEAST = (3, 10)


def require_python() -> None:
    """Ends the process with exit code 2 unless this Python is new enough."""
    if sys.version_info[:2] < LEAST:
        words = "error: RLiable needs Python %d.%d or newer, but this is Python %d.%d\n"
        sys.stderr.write(words % (LEAST + sys.version_info[:2]))
        sys.exit(2)
