"""Every random stream of a study, derived from one number.

A seed is a function of what it is for, never of who asks or when, so results do not depend on workers, order or clock.
"""

from __future__ import annotations

import zlib

import numpy as np


def derive_seed(seed: int, purpose: str, *indices: int) -> int:
    """An independent seed for one purpose.

    Args:
      seed: the seed to derive from, non-negative.
      purpose: what the new seed is for, such as "run" or "test episode".
      *indices: which one of several, such as a trial number; non-negative.

    Returns:
      An integer in [0, 2**31), which fits every library's seed.
    """
    words = np.random.SeedSequence((seed, zlib.crc32(purpose.encode()), *indices)).generate_state(1, np.uint32)
    return int(words[0] >> 1)
