"""Reads the figures of a script as they come: from its output, a CSV file, TensorBoard's event files."""

from __future__ import annotations

import csv
import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.scripts.event_files import read_scalars
from models.scripts.source import STEP_NAME, FigureSource

#: A step, None where the script tells none, and figures by name.
Told = tuple[int | None, dict[str, float]]


class FigureReader(ABC):
    """Reads figures as they come.

    Attributes:
      sought: what it looks for, in words.
    """

    sought: str

    @abstractmethod
    def rows(self, lines: list[str]) -> Iterator[Told]:
        """The figures that are new.

        Args:
          lines: what the script has printed since the last call.
        """


class JsonLineReader(FigureReader):
    """Reads them from lines that are JSON objects."""

    def __init__(self, key: str | None, step: str) -> None:
        """Keeps what it needs.

        Args:
          key: of the figure; None for every number.
          step: the key of the step.
        """
        self._key, self._step = key, step
        self.sought = f"a line of its output that is a JSON object with {'a number' if key is None else repr(key)}"

    def rows(self, lines: list[str]) -> Iterator[Told]:
        for line in lines:
            values = json_object(line)
            keys = (values if self._key is None else [self._key]) if values else []
            names = [key for key in keys if key not in (STEP_NAME, self._step) and is_number(values.get(key))]
            figures = {name: float(values[name]) for name in names}
            if figures:
                yield as_step(values.get(self._step)), figures


class PatternReader(FigureReader):
    """Reads them from lines in which a regular expression is found."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self.sought = f"a line of its output in which {pattern!r} is found"

    def rows(self, lines: list[str]) -> Iterator[Told]:
        for match in filter(None, map(self._pattern.search, lines)):
            texts = match.groupdict()
            figures = {name: number for name, text in texts.items() if (number := as_number(text)) is not None}
            step = as_step(figures.pop(STEP_NAME, None))
            if figures:
                yield step, figures


class CsvReader(FigureReader):
    """Reads them from the whole lines of a CSV file that grows."""

    def __init__(self, path: Path, column: str, step: str) -> None:
        """Keeps what it needs; the file need not be there yet.

        Args:
          path: of the file.
          column, step: the columns of the figure and of the step.
        """
        self._path, self._column, self._step = path, column, step
        self._header: list[str] | None = None
        self._end = 0  # what has been read, in bytes
        self.sought = f"the column {column!r} in {path}"

    def rows(self, lines: list[str]) -> Iterator[Told]:
        for cells in csv.reader(self._new_lines()):
            if self._header is None:
                self._header = [name.strip() for name in cells]
                continue
            values = dict(zip(self._header, cells))  # noqa: B905
            number = as_number(values.get(self._column))
            if number is not None:
                yield as_step(as_number(values.get(self._step))), {self._column: number}

    def _new_lines(self) -> list[str]:
        """The lines that have come since the last call and are complete; all of a file that was begun anew."""
        if not self._path.is_file():
            return []
        with self._path.open("rb") as file:
            if file.seek(0, 2) < self._end:
                self._end, self._header = 0, None
            file.seek(self._end)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._end += len(whole)
        return whole.decode("utf-8-sig" if self._header is None else "utf-8", "replace").splitlines()


class EventReader(FigureReader):
    """Reads them from TensorBoard's event files below a folder; a run that goes on writes one of its own."""

    def __init__(self, folder: Path, tag: str) -> None:
        """Keeps what it needs; the folder need not be there yet.

        Args:
          folder: of the event files.
          tag: of the figure.
        """
        self._folder, self._tag = folder, tag
        self._ends: dict[Path, int] = {}
        self.sought = f"the tag {tag!r} in TensorBoard's event files below {folder}"

    def rows(self, lines: list[str]) -> Iterator[Told]:
        for path in sorted(self._folder.rglob("*tfevents*")):
            scalars, self._ends[path] = read_scalars(path, self._tag, self._ends.get(path, 0))
            yield from ((step, {self._tag: value}) for step, value in scalars)


def make_reader(source: FigureSource, place: Path) -> FigureReader:
    """The reader of a source.

    Args:
      source: where the figures are.
      place: the path of the file or folder, if they are in one.
    """
    if source.csv is not None:
        return CsvReader(place, str(source.column), source.step)
    if source.tensorboard is not None:
        return EventReader(place, str(source.tag))
    if source.pattern is not None:
        return PatternReader(source.pattern)
    return JsonLineReader(source.json_lines if isinstance(source.json_lines, str) else None, source.step)


def json_object(line: str) -> dict[str, Any]:
    """A line as a JSON object; an empty one where it is none."""
    try:
        found = json.loads(line) if line.lstrip().startswith("{") else None
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def is_number(value: Any) -> bool:
    """Tells whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_number(text: str | None) -> float | None:
    """A text as a number; None where it is none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def as_step(value: Any) -> int | None:
    """A value as a step; None where it is none."""
    return int(value) if is_number(value) and math.isfinite(value) else None
