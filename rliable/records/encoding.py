"""Writes records: JSON that any reader takes, and files that are whole at every moment."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON text that any reader takes: numbers that are not finite become null, and what is no UTF-8 an escape."""
    text = json.dumps(as_json(value), indent=indent, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def as_json(value: Any) -> Any:
    """Turns plain data, records included, into JSON values; NaN and infinities become null."""
    if dataclasses.is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_atomically(path: Path, text: str) -> None:
    """Replaces a file so that a reader, or a crash, finds the old content or the new, never a part."""
    neighbour = path.with_name(f".{path.name}.{os.getpid()}")
    neighbour.write_text(text, encoding="utf-8")
    neighbour.replace(path)
