"""Packs what workers must import and read: our packages, the users' classes, data files."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from rliable.registry import OUR_PACKAGES, import_file, import_module, is_installed

EPOCH = (1980, 1, 1, 0, 0, 0)
Member = tuple[str, Path]


def pack_code(class_names: Iterable[str], folder: Path) -> Path:
    """Writes a zip file from which workers import our packages and the users' classes.

    Of a class in a package the whole package is taken; of one in a single file that file; and, of both, what they
    import from beside them, but never the folder they lie in. What is installed here has to be installed on the workers
    too.

    Args:
      class_names: registered names, "package.module:Class" or "file.py:Class".
      folder: where to write it.

    Returns:
      Its path; the name follows from the content.
    """
    members: dict[str, Path] = {}
    for package in [Path(import_module(name).__file__ or "").resolve().parent for name in OUR_PACKAGES]:
        members |= dict(package_files(package, package.parent))
    for module_name, root in [source_of(name.rpartition(":")[0]) for name in class_names if ":" in name]:
        members |= code_of(module_name, root)
    return write_zip(sorted(members.items()), folder)


def source_of(name: str) -> tuple[str, Path | None]:
    """A module, given by its name or its file, and the folder from which it is imported; None for what is installed."""
    if name.endswith(".py"):
        import_file(Path(name))
        return Path(name).stem, Path(name).resolve().parent
    place = getattr(import_module(name), "__file__", None) or ""
    file = Path(place).resolve()
    if not place.endswith(".py") or is_installed(file):
        return name, None
    depth = len(name.split(".")) + (file.name == "__init__.py")
    return name, file.parents[depth - 1]


def code_of(module_name: str, root: Path | None) -> dict[str, Path]:
    """The files of a module and of all that it imports from the same folder, by their places in the zip file."""
    members: dict[str, Path] = {}
    names = {module_name} if root is not None else set()
    while names:
        assert root is not None
        new = {place: path for name in names for place, path in find_code(name, root) if place not in members}
        members |= new
        names = {name for place, path in new.items() if path.suffix == ".py" for name in imports_of(path, place)}
    return members


def find_code(name: str, root: Path) -> Iterator[Member]:
    """What a folder has of a module or of something in it: its file, or the whole of the package that it is in."""
    parts = name.split(".")
    if not is_from(root, parts[0]):
        return
    for place in (root.joinpath(*parts[:n]) for n in range(1, len(parts) + 1)):
        if (place / "__init__.py").is_file():
            yield from package_files(place, root)
            return
        file = place.with_name(f"{place.name}.py")
        if file.is_file():
            yield str(file.relative_to(root)), file
            return


def is_from(root: Path, name: str) -> bool:
    """Tells whether a top-level name is imported from a folder, and not from elsewhere on the path."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    places = [spec.origin, *(spec.submodule_search_locations or [])] if spec is not None else []
    return any(Path(place).resolve().is_relative_to(root) for place in places if place is not None)


def imports_of(file: Path, place: str) -> Iterator[str]:
    """The names that a file imports anywhere in it, as if it lay at a place below a folder on the path."""
    package = Path(place).parent.parts
    with contextlib.suppress(SyntaxError, ValueError):  # one that nothing has imported, then
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) + 1 - node.level] if node.level else ()
                base = [*above, *([node.module] if node.module else [])]
                yield from (".".join([*base, alias.name]) for alias in node.names)


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
