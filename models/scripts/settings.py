"""What `hp_params` of a script's model file may hold."""

from __future__ import annotations

import dataclasses
import functools
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.scripts.arguments import words_of_command
from models.scripts.source import FigureSource
from rliable.schema import REQUIRED, Problem, setting

#: What of a path gives each run one of its own.
OWN = "{folder}"
REDUCTIONS: dict[str, Callable[[list[float]], float]] = {
    "last": lambda values: values[-1],
    "mean": statistics.fmean,
    "max": lambda values: max(values),
    "min": lambda values: min(values),
}


@dataclasses.dataclass(frozen=True)
class CommandHyperparameters:
    """What `hp_params` of a Command holds besides the values of the names in its command line."""

    command: str | list[str] = setting(
        REQUIRED,
        "The command line, a text or a list of words; each {name} stands for a value.",
        searchable=False,
    )
    figures: FigureSource = setting(REQUIRED, "Where its figures are read from.", searchable=False)
    reduction: str = setting(
        "last", "What is reported of each figure in the end.", choices=tuple(REDUCTIONS), searchable=False
    )
    num_last: int | None = setting(
        None, "Over how many of the last figures that is; null for all.", low=1, searchable=False
    )
    working_folder: str = setting(
        ".",
        "The folder it runs in; with {folder}, what it writes beside itself stays apart from other runs.",
        searchable=False,
    )
    resume_flag: str | None = setting(
        None,
        "The flag by which it goes on from a checkpoint, whose folder follows: {folder}/checkpoint as it was.",
        searchable=False,
    )
    grace_seconds: float = setting(
        10.0, "How long it may take to end when it is stopped.", unit="seconds", low=0, searchable=False
    )
    max_saved_mb: float = setting(
        200.0, "How much it may leave in {folder}, and in a checkpoint.", unit="MB", above=0, searchable=False
    )

    def problems(self) -> list[Problem]:
        """What does not go together."""
        try:
            words = words_of_command(self.command)
        except ValueError as error:
            return [Problem("command", f"cannot be split into words: {error}")]
        return self._place_problems() if words else [Problem("command", "is empty")]

    def _place_problems(self) -> list[Problem]:
        """What is wrong with a file of figures that several runs would share."""
        kind = "csv" if self.figures.csv is not None else "tensorboard"
        place = getattr(self.figures, kind)
        if place is None or OWN in place or (OWN in self.working_folder and not Path(place).is_absolute()):
            return []
        cure = f"put it below {OWN}, or have the script run there with working_folder {OWN!r}"
        return [Problem(f"figures.{kind}", f"{place!r} is the same for all runs; {cure}")]


@functools.cache
def with_names(names: tuple[str, ...]) -> type[CommandHyperparameters]:
    """The settings of a Command, and a required one of any type for each name."""
    fields = [
        (f"value_of_{name}", Any, setting(REQUIRED, f"The command line has {{{name}}}.", name=name)) for name in names
    ]
    return dataclasses.make_dataclass(
        "CommandHyperparameters", fields, bases=(CommandHyperparameters,), frozen=True, kw_only=True
    )
