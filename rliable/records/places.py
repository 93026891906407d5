"""How the record of a study or run finds again the files that it names: they, or its folder, may have been moved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rliable.registry import file_in
from rliable.unit import wrapper_name

#: The places of one file by kind, from the surest on.
Places = dict[str, str]
FROM_HERE, AS_WRITTEN = "from_this_folder", "as_written"
#: A file may lie beside a study's folder, which is four above the folder of a run.
NUM_ABOVE = 4


def places_of(files: dict[str, str], folder: Path) -> dict[str, Places]:
    """Where to look for files again.

    Args:
      files: as found -> as written.
      folder: in which this is recorded.
    """
    return {found: places(found, written, folder) for found, written in files.items()}


def places(found: str, written: str, folder: Path) -> Places:
    """Where to look for one file again."""
    return {
        FROM_HERE: os.path.relpath(found, folder),
        "absolute": os.path.normpath(Path(found).absolute()),
        "from_working_folder": os.path.relpath(found),
        AS_WRITTEN: written,
    }


def find_again(record: dict[str, Any], files: dict[str, Places], folder: Path) -> dict[str, Any]:
    """A study or model as recorded, with the files that it names where they are now; those not found are as written.

    Args:
      record: a study file or a model file as it was run.
      files: as `places_of` gave them.
      folder: in which they were recorded, wherever that is now.
    """
    names = {key: record[key] for key in ("sampler", "class", "environment") if isinstance(record.get(key), str)}
    moved: dict[str, Any] = {key: name_now(name, files, folder) for key, name in names.items()}
    if isinstance(record.get("wrappers"), list):
        moved["wrappers"] = [wrapper_now(wrapper, files, folder) for wrapper in record["wrappers"]]
    return {**record, **moved}


def wrapper_now(wrapper: Any, files: dict[str, Places], folder: Path) -> Any:
    """A recorded wrapper, with the file in its name where that is now; anything else as it is."""
    if not isinstance(wrapper, dict) or len(wrapper) != 1:
        return wrapper
    name = wrapper_name(wrapper)
    return {name_now(name, files, folder): wrapper[name]}


def name_now(name: str, files: dict[str, Places], folder: Path) -> str:
    """A recorded name, with the file in it where that is now."""
    file = file_in(name)
    known = files.get(file, {})
    now = next((path for path in candidates(known, folder) if Path(path).is_file()), known.get(AS_WRITTEN, file))
    return now + name.removeprefix(file)


def candidates(known: Places, folder: Path) -> Iterator[str]:
    """The paths at which a file may be now, the surest first."""
    for kind, place in known.items():
        yield os.path.normpath(Path(folder if kind == FROM_HERE else "", place))
    if AS_WRITTEN in known:
        above = [folder, *folder.absolute().parents[:NUM_ABOVE]]
        yield from (os.path.normpath(start / known[AS_WRITTEN]) for start in above)
