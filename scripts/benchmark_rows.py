"""What the benchmark scripts share: a figure with its target, a table in the terminal, and JSON for the page."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
      name: what was measured.
      value: the figure.
      unit: its unit.
      target: what is asked of it, in words; empty for a figure that only explains another.
    """

    name: str
    value: float
    unit: str
    target: str = ""


def make_parser(doc: str | None) -> argparse.ArgumentParser:
    """A benchmark's parser; `doc` is its module's docstring."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the rows to this file")
    return parser


def publish(rows: Sequence[Row], path: Path | None) -> None:
    """Prints the rows as a table, and writes them where they are wanted."""
    for row in rows:
        print(f"{row.name:<56} {row.value:>10.4g} {row.unit:<8} {row.target}")
    if path is not None:
        path.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
