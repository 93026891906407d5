"""The files of a folder as plain data, and back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

from rliable.unit import Files

#: What a file system takes of a name, and of a path with room for the folder that it is put into.
MAX_NAME_BYTES, MAX_PATH_BYTES = 255, 2000


def read_files(folder: str | Path) -> dict[str, bytes]:
    """The content of every file below `folder`, by path relative to it."""
    root = Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def write_files(folder: Path, files: Files) -> None:
    """Writes what `read_files` read.

    Raises:
      ValueError: a file would be written elsewhere than below the folder; nothing has been written.
    """
    unsafe = unsafe_names(files)
    if unsafe:
        raise ValueError(f"no file below its folder: {unsafe[0]!r:.80}")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def unsafe_names(files: Iterable[str]) -> list[str]:
    """The names of files that would be written elsewhere than below their folder, or could not be written at all."""
    paths = {name: PurePath(name) for name in files}
    folders = {parent for path in paths.values() for parent in path.parents}
    return [name for name, path in paths.items() if path in folders or not is_safe(name, path)]


def is_safe(name: str, path: PurePath) -> bool:
    """Tells whether a name, taken alone, is that of a file below its folder."""
    length = len(name.encode("utf-8", "surrogateescape"))
    leads_out = path.is_absolute() or ".." in path.parts or not path.name or "\0" in name
    longest = max((len(part.encode("utf-8", "surrogateescape")) for part in path.parts), default=0)
    return not leads_out and length <= MAX_PATH_BYTES and longest <= MAX_NAME_BYTES
