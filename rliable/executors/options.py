"""What every executor is made from."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class ExecutorOptions:
    """How and where units are to run. An executor ignores what does not concern it.

    Attributes:
      num_workers: slots asked for.
      level: 1 (a run is a unit) or 2 (its evaluation is cut into units as well).
      master: the Spark master; None for what spark-submit or Spark's settings say, else `local[num_workers]`.
      app_name: the name Spark shows.
      log_path: the file for what Spark and the slots print; None drops it.
      class_names: the models' classes; those named as "package.module:Class" are shipped to the workers.
      files: data files that units name as their `environment`; they are shipped as well. Other names are ignored.
      threads: cores that each slot computes with.
      heartbeat_timeout_seconds: silence after which a slot counts as lost.
    """

    num_workers: int = 1
    level: int = 1
    master: str | None = None
    app_name: str = "rliable"
    log_path: Path | None = None
    class_names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    threads: int = 1
    heartbeat_timeout_seconds: float = 15.0
