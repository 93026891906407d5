"""What a slot's Spark task needs to know; it travels with the task."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class SlotSettings:
    """The same for all slots of a study.

    Attributes:
      address: host and port of the driver's door.
      key: the study's.
      level: 1 or 2.
      class_names: models to import before the first unit comes.
      files: names of shipped data files -> where a worker finds them, relative to Spark's folder for files.
      threads: cores that a process computes with.
      log_folder: a folder for what processes print, or None for Spark's folder for files.
    """

    address: tuple[str, int]
    key: bytes
    level: int = 1
    class_names: tuple[str, ...] = ()
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    threads: int = 1
    log_folder: str | None = None

    def at(self, folder: str) -> SlotSettings:
        """The same on one machine, where `folder` is Spark's folder for files."""
        files = {name: f"{folder}/{place}" for name, place in self.files.items()}
        return dataclasses.replace(self, files=files, log_folder=self.log_folder or folder)


def slot_name(slot: int) -> str:
    """The name of a slot in records and logs."""
    return f"slot {slot}"
