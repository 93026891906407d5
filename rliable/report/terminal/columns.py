"""The columns of the trials in a terminal: as many hyperparameters as its width has room for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rich.text import Text

from rliable.config.parameters import Choice, Parameter, Range
from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.facts import error_text, result_text, slot_names
from rliable.report.formats import format_duration, format_metric, format_params, format_value, one_line, shorten

GAP = 2
DURATION_WIDTH = 11
FLOAT_WIDTH = 9
HEADING_WIDTH = 8
MAX_WIDTH = 18


@dataclasses.dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
      name: a hyperparameter's name, or another heading.
      heading: the name on lines that fit the width, its parts still ending in their underscores.
      width: in characters.
    """

    name: str
    heading: tuple[str, ...]
    width: int


@dataclasses.dataclass(frozen=True)
class TrialColumns:
    """The layout of one study's trials.

    Attributes:
      number, metric, duration: the fixed columns.
      params: the hyperparameters that are shown.
      hidden: the hyperparameters for which there was no room.
      has_slots: whether the slot is shown, as the last column.
      width: of the terminal.
      star: the mark of a new best.
    """

    number: Column
    metric: Column
    params: tuple[Column, ...]
    duration: Column
    hidden: tuple[str, ...]
    has_slots: bool
    width: int
    star: str = "★"

    def headings(self) -> list[Text]:
        """The heading, on as many lines as the longest name needs."""
        columns = [self.number, self.metric, *self.params, self.duration]
        height = max(len(column.heading) for column in columns)
        lines = []
        for line in range(height):
            cells = [_heading_cell(column, line - height + len(column.heading)) for column in columns]
            cells += ["slot"] if self.has_slots and line == height - 1 else []
            lines.append(Text((" " * GAP).join(cells), style="dim", no_wrap=True, overflow="crop"))
        return lines

    def row(self, trial: TrialRecord, is_best: bool) -> Text:
        """One trial; a pruned one dim, a failed one in red with its error."""
        if not trial.is_complete:
            return self._row_without_result(trial)
        mark = self.star if is_best else " "
        cells = [f"{trial.number:>{self.number.width}}", f"{mark}{format_metric(trial.value):>{self.metric.width - 1}}"]
        cells += [_cell(format_value(trial.params.get(c.name, "")), c.width) for c in self.params]
        cells.append(f"{format_duration(trial.duration_seconds):>{self.duration.width}}")
        cells += [slot_names(trial.slots)] if self.has_slots else []
        return Text((" " * GAP).join(cells), "bold green" if is_best else "", no_wrap=True, overflow="ellipsis")

    def _row_without_result(self, trial: TrialRecord) -> Text:
        words = [f"{trial.number:>{self.number.width}}", result_text(trial, self.metric.name)]
        if trial.is_pruned:
            params = {column.name: trial.params[column.name] for column in self.params if column.name in trial.params}
            words += [format_params(params), format_duration(trial.duration_seconds)]
        else:
            words.append(error_text(trial))
        style = "dim" if trial.is_pruned else "red"
        return Text((" " * GAP).join(words), style=style, no_wrap=True, overflow="ellipsis")


def fit_columns(record: StudyRecord, width: int, star: str = "★") -> TrialColumns:
    """Lays out the trials of a study.

    Args:
      record: the study.
      width: of the terminal, in characters.
      star: the mark of a new best.
    """
    number = Column("trial", ("trial",), max(5, len(str(record.max_iters)) + 1))
    metric = _column(record.metric_name, 10)
    duration = Column("time", ("time",), DURATION_WIDTH)
    has_slots = record.num_slots != 1
    left = width - sum(c.width + GAP for c in (number, metric, duration)) - (4 + GAP) * has_slots
    params = [_column(name, value_width(parameter)) for name, parameter in record.space.varied.items()]
    shown = _that_fit(params, left)
    hidden = tuple(column.name for column in params[len(shown) :])
    return TrialColumns(number, metric, tuple(shown), duration, hidden, has_slots, width, star)


def split_name(name: str, width: int) -> tuple[str, ...]:
    """Breaks a name after its underscores into lines of at most `width`, where its words allow it."""
    words = [word + "_" for word in name.split("_")]
    words[-1] = words[-1][:-1]
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1] + word) > width:
            lines.append("")
        lines[-1] += word
    return tuple(lines)


def value_width(parameter: Parameter) -> int:
    """How many characters the widest value of a hyperparameter takes."""
    if not isinstance(parameter, Choice) and not (isinstance(parameter, Range) and parameter.is_integer):
        return FLOAT_WIDTH
    values = parameter.values if isinstance(parameter, Choice) else (parameter.low, parameter.high)
    return max(len(format_value(value)) for value in values)


def _column(name: str, value_width: int) -> Column:
    heading = split_name(one_line(name), max(min(value_width, MAX_WIDTH), HEADING_WIDTH))
    width = min(MAX_WIDTH, max(value_width, *(len(line) for line in heading)))
    return Column(name, heading, width)


def _that_fit(columns: Sequence[Column], width: int) -> list[Column]:
    shown: list[Column] = []
    for column in columns:
        width -= column.width + GAP
        if width < 0:
            break
        shown.append(column)
    return shown


def _heading_cell(column: Column, line: int) -> str:
    return _cell(column.heading[line] if line >= 0 else "", column.width)


def _cell(text: str, width: int) -> str:
    return f"{shorten(text, width):>{width}}"
