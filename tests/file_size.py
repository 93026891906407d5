"""Files that may grow no further, as on a full disk; works for every user."""

from __future__ import annotations

import resource


class FileSizeLimit:
    """Keeps this process from writing files of more than some bytes inside the block."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

    def __exit__(self, *error: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)
