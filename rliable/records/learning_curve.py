"""The learning curve of one run on disk: as CSV to be read again, as events for TensorBoard.

Tags follow CleanRL: a key with "loss" in it becomes `losses/<key>`, any other `charts/<key>`; a key that brings its own
slash stays as it is. TensorFlow is not needed to write them.
"""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rliable.records.writing import write_atomically

STEP = "step"
CSV_NAME = "learning_curve.csv"
EVENTS_NAME = "events.out.tfevents.0"
CurveRow = Mapping[str, float]


def write_learning_curve(folder: str | Path, rows: Sequence[CurveRow]) -> list[Path]:
    """Writes the learning curve of one run, replacing an earlier one.

    Args:
      folder: the run's folder; made if it is not there.
      rows: one per report, each with "step" (environment steps so far) and any other numbers.

    Returns:
      The two files: `learning_curve.csv` and the event file.
    """
    files = {CSV_NAME: curve_as_csv(rows).encode(), EVENTS_NAME: curve_as_events(rows, time.time())}
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomically(Path(folder) / name, content)
    return [Path(folder) / name for name in files]


def read_learning_curve(path: str | Path) -> list[dict[str, float]]:
    """Reads a learning curve back.

    Args:
      path: a `learning_curve.csv`, or the run's folder that holds one.

    Returns:
      The rows; a number that a row did not have is not in it.
    """
    file = Path(path) / CSV_NAME if Path(path).is_dir() else Path(path)
    with file.open(newline="", encoding="utf-8") as stream:
        return [{key: _number(text) for key, text in row.items() if text} for row in csv.DictReader(stream)]


def curve_as_csv(rows: Sequence[CurveRow]) -> str:
    """The rows as CSV text: "step" first, then every key in the order of its first appearance."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=[STEP, *curve_keys(rows)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def curve_as_events(rows: Sequence[CurveRow], wall_time: float) -> bytes:
    """The rows as the content of a TensorBoard event file.

    Args:
      rows: as in `write_learning_curve`.
      wall_time: the time stamp of every event, seconds since the epoch.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    content = io.BytesIO()
    writer = RecordWriter(content)
    writer.write(Event(wall_time=wall_time, file_version="brain.Event:2").SerializeToString())
    for row in rows:
        writer.write(_row_as_event(row, wall_time))
    return content.getvalue()


def curve_keys(rows: Iterable[CurveRow]) -> list[str]:
    """Every key but "step", in the order of its first appearance."""
    return [key for key in dict.fromkeys(key for row in rows for key in row) if key != STEP]


def event_tag(key: str) -> str:
    """The TensorBoard tag of a learning curve's key."""
    if "/" in key:
        return key
    return f"losses/{key}" if "loss" in key.lower() else f"charts/{key}"


def _row_as_event(row: CurveRow, wall_time: float) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    values = [
        Summary.Value(tag=event_tag(key), simple_value=float(value))
        for key, value in row.items()
        if key != STEP and math.isfinite(value)
    ]
    event = Event(wall_time=wall_time, step=int(row[STEP]), summary=Summary(value=values))
    return bytes(event.SerializeToString())


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)
