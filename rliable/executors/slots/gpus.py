"""Which GPUs a slot sees, where nobody else deals them out: on a cluster Spark does."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Sequence

#: What decides which GPUs a process sees.
GPU_VARIABLE = "CUDA_VISIBLE_DEVICES"


def visible_gpus() -> list[str]:
    """The GPUs of this machine that this process may use, as `CUDA_VISIBLE_DEVICES` names them."""
    named = os.environ.get(GPU_VARIABLE)
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip() and name.strip() != "-1"]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(index) for index, _ in enumerate(line for line in listed.splitlines() if line.startswith("GPU "))]


def num_slots_for(num_gpus: int, per_slot: float) -> int:
    """How many slots so many GPUs serve: a fraction of one serves as many as it goes into 1, as Spark counts it."""
    return num_gpus * math.floor(1 / per_slot) if per_slot < 1 else num_gpus // math.ceil(per_slot)


def gpus_of(slot: int, per_slot: float, gpus: Sequence[str]) -> tuple[str, ...]:
    """The GPUs of a slot of one machine; none for a slot that they do not suffice for.

    Args:
      slot: its number.
      per_slot: how many each slot sees, or the fraction of one.
      gpus: of the machine.
    """
    if per_slot < 1:
        index = slot // math.floor(1 / per_slot)
        return tuple(gpus[index : index + 1])
    count = math.ceil(per_slot)
    return tuple(gpus[slot * count : (slot + 1) * count])


def gpu_problem(num_slots: int, per_slot: float | None) -> str | None:
    """Why this machine has no GPUs for so many slots, in one line; None if it has."""
    if per_slot is None or num_slots_for(len(gpus := visible_gpus()), per_slot) >= num_slots:
        return None
    asked = f"{num_slots} slots of {per_slot:g} need" if num_slots > 1 else f"one slot of {per_slot:g} needs"
    return f"gpus_per_trial: {asked} more GPUs than the {len(gpus)} that are to be seen here"
