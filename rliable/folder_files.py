"""The files of a folder as plain data, and back."""

from __future__ import annotations

from pathlib import Path

from rliable.unit import Files


def read_files(folder: str | Path) -> dict[str, bytes]:
    """The content of every file below `folder`, by path relative to it."""
    root = Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def write_files(folder: Path, files: Files) -> None:
    """Writes what `read_files` read."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
