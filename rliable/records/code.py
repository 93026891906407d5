"""Packs what workers must import and read: our packages, the user's model, data files."""

from __future__ import annotations

import hashlib
import sys
import sysconfig
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from rliable.registry import MODELS, import_module

OUR_PACKAGES = ("rliable", "models")
EPOCH = (1980, 1, 1, 0, 0, 0)
Member = tuple[str, Path]


def pack_code(class_names: Iterable[str], folder: Path) -> Path:
    """Writes a zip file from which workers import our packages and the users' models.

    Of a model in a package the whole package is taken; of one in a single file that file, and what it has imported
    from beside it, but never the folder it lies in. What is installed here has to be installed on the workers too.

    Args:
      class_names: models by registered name or as "package.module:Class".
      folder: where to write it.

    Returns:
      Its path; the name follows from the content.
    """
    modules = [name.partition(":")[0] for name in class_names if name not in MODELS]
    names = [name for name in modules if not is_installed(name)]
    members = {place: path for name in (*OUR_PACKAGES, *names) for place, path in code_of(name)}
    return write_zip(sorted(members.items()), folder)


def code_of(module_name: str) -> Iterator[Member]:
    """The files that a module needs, with their places in the zip file."""
    file = file_of(module_name)
    if file is None:
        return
    parts = module_name.split(".")
    depth = len(parts) + (file.name == "__init__.py")
    root = file.parents[depth - 1]
    package = next((parts[:n] for n in range(1, len(parts) + 1) if is_package(root.joinpath(*parts[:n]))), None)
    if package is not None:
        yield from package_files(root.joinpath(*package), root)
        return
    yield str(file.relative_to(root)), file
    if len(parts) == 1:
        yield from neighbours(file)


def file_of(module_name: str) -> Path | None:
    """The Python file of a module, or None if it has none (built in, or not found)."""
    import_module(module_name)
    path = getattr(sys.modules[module_name], "__file__", None)
    return Path(path).resolve() if path and path.endswith(".py") else None


def is_installed(module_name: str) -> bool:
    """Tells whether a module comes with Python or from an installed package."""
    file = file_of(module_name)
    folders = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")]
    return file is None or any(file.is_relative_to(folder) for folder in folders)


def neighbours(file: Path) -> Iterator[Member]:
    """What has been imported from beside a single file: top-level modules and packages of the same folder."""
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if "." in name or name == "__main__" or not path or not path.endswith(".py"):
            continue
        place = Path(path).resolve()
        if place.parent == file.parent:
            yield place.name, place
        elif place.name == "__init__.py" and place.parent.parent == file.parent:
            yield from package_files(place.parent, file.parent)


def is_package(folder: Path) -> bool:
    """Tells whether a folder is a regular package."""
    return (folder / "__init__.py").is_file()


def package_files(folder: Path, root: Path) -> Iterator[Member]:
    """All files of a package but hidden ones and what Python has compiled."""
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(root)
        if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in place.parts):
            yield str(place), path


def write_zip(members: Iterable[Member], folder: Path) -> Path:
    """Writes files into a zip file whose name is a hash of what is in it."""
    contents = {place: path.read_bytes() for place, path in members}
    digest = hashlib.sha256(repr(sorted(contents.items())).encode()).hexdigest()[:16]
    target = folder / f"rliable-code-{digest}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for parent in sorted({f"{parent}/" for place in contents for parent in Path(place).parents if parent.name}):
            file.writestr(zipfile.ZipInfo(parent, EPOCH), b"")  # packages without __init__.py are found by it
        for place, content in contents.items():
            file.writestr(zipfile.ZipInfo(place, EPOCH), content, zipfile.ZIP_DEFLATED)
    return target


def data_files(names: Iterable[str]) -> dict[str, str]:
    """The names that are files, each with a place that no two share and that keeps the file's suffix."""
    files = [name for name in dict.fromkeys(names) if Path(name).is_file()]
    return {name: data_place(Path(name)) for name in files}


def data_place(path: Path) -> str:
    """A name for a shipped data file that follows from its content."""
    return f"rliable-data-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}{path.suffix}"
