"""Records as JSON, written and read by msgspec.

Every file that the program writes for itself says in which format: `"format": 2`. One without that is of format 1,
which version 0.1 wrote. What JSON does not know, NaN and the infinities, becomes null. Floats keep every bit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rliable.schema import ConfigError

FORMAT = 2
Record = TypeVar("Record")


def to_json(value: Any, indent: int = 0) -> str:
    """Plain data, records included, as JSON text: on one line, or with each key on its own, indented by `indent`."""
    return msgspec.json.format(encode(value), indent=indent).decode()


def as_json(value: Any) -> Any:
    """Plain data, records included, as JSON values."""
    return msgspec.json.decode(encode(value))


def encode(value: Any) -> bytes:
    """Plain data, records included, as JSON; what is no UTF-8, as in some names of files, is escaped."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(escaped(msgspec.to_builtins(value)))


def escaped(value: Any) -> Any:
    """JSON values whose texts can all be written."""
    if isinstance(value, dict):
        return {escaped(key): escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def stamped(record: Any) -> dict[str, Any]:
    """A record as JSON values, with the number of their format in front."""
    return {"format": FORMAT, **as_json(record)}


def load_record_file(path: Path, record_type: type[Record], what: str) -> Record:
    """Reads a file that `stamped` was written to, or its forerunner of format 1.

    Args:
      path: the file.
      record_type: a dataclass or a `msgspec.Struct`.
      what: words for the error, such as "the record of a study".

    Returns:
      The record. Keys that it does not know are left out; those that are missing have their defaults.

    Raises:
      FileNotFoundError: there is no such file.
      ConfigError: it cannot be read, is not JSON, of a later format, or not such a record: one line with the file, the
        key's path, and what is wrong there.
    """
    try:
        data = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([f"{path}: not {what}: {error}"]) from error
    return as_record(data, record_type, str(path), what)


def as_record(data: Any, record_type: type[Record], place: str, what: str) -> Record:
    """Makes a record from JSON values.

    Args:
      data: what `stamped` made, or its forerunner of format 1.
      record_type: a dataclass or a `msgspec.Struct`.
      place: where the data stand, for the error.
      what: as in `load_record_file`.

    Raises:
      ConfigError: as in `load_record_file`.
    """
    number = data.get("format", 1) if isinstance(data, dict) else 1
    if isinstance(number, int) and number > FORMAT:
        raise ConfigError([f"{place}: has format {number}; this version of RLiable reads formats up to {FORMAT}"])
    try:
        return msgspec.convert(data, record_type)
    except msgspec.ValidationError as error:
        words, _, keys = str(error).partition(" - at `$.")
        where = f"{keys.rstrip('`')}: " if keys else ""
        raise ConfigError([f"{place}: not {what}: {where}{words[0].lower()}{words[1:]}"]) from error
