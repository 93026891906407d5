"""Rows of data from JSON-lines and CSV files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

ROW_SUFFIXES = (".jsonl", ".json", ".csv")
Row = dict[str, Any]


def load_rows(path: str) -> list[Row]:
    """Reads a file of rows.

    Args:
      path: a JSON-lines file (one object a line; a line ends with "\\n" and with nothing else), or a CSV file. A CSV
        file whose first row holds a number has no header: its columns are named c0, c1, ...

    Returns:
      One dict per row; numbers in CSV files as floats.

    Raises:
      ValueError: a line is not a JSON object, or a CSV row has another number of columns than the first.
    """
    if Path(path).suffix.lower() == ".csv":
        return read_csv(path)
    lines = Path(path).read_bytes().decode("utf-8-sig").split("\n")
    return [parse_line(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]


def load_rdd(path: str, sc: Any) -> Any:
    """The rows of a file as an RDD of dicts, spread over the cluster's slots."""
    return sc.parallelize(load_rows(path), sc.defaultParallelism)


def parse_line(line: str, place: str) -> Row:
    """One line of a JSON-lines file; `place` names it in errors."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: not JSON: {error.msg}") from error
    if not isinstance(row, dict):
        raise ValueError(f"{place}: expected an object, found {line:.40}")
    return row


def read_csv(path: str) -> list[Row]:
    """The rows of a CSV file, with or without a header."""
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        rows = [[number_or_text(cell) for cell in row] for row in csv.reader(file) if row]
    if not rows:
        return []
    has_header = not any(isinstance(cell, float) for cell in rows[0])
    names = [str(cell) for cell in rows[0]] if has_header else [f"c{i}" for i in range(len(rows[0]))]
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise ValueError(f"{path}: row {number} has {len(row)} columns, the first has {len(names)}")
    return [dict(zip(names, row, strict=True)) for row in rows[has_header:]]


def number_or_text(cell: str) -> float | str:
    """A CSV cell as a number where it is one."""
    try:
        return float(cell)
    except ValueError:
        return cell
