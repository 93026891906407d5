"""What has a name: models, environments, samplers, executors ..., each a line in a table or a class of the user's own.

A table maps a name to "module:Object", as text, so that reading one imports nothing that it names. Wherever such a name
may stand, the user's own may stand as well: "package.module:Class", or "file.py:Class".
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import importlib
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rliable.extras import EXTRAS, cure
from rliable.schema import ConfigError, Problem, nearest

FORMS = "'package.module:Class' or 'file.py:Class'"
OUR_PACKAGES = ("rliable", "models")


@dataclasses.dataclass(frozen=True)
class Registry:
    """One table of names.

    Attributes:
      key: the key under which users write such a name, for errors.
      what: what has these names, in the singular, for errors.
      place: "module:TABLE", the table.
      check: "module:function"; it takes the name and the object found, and gives what the house works with, or
        raises a ConfigError.
      libraries: "module" that knows further names, or empty. Its `find_name` gives the full name of one of them, None
        of what has the form of a user's own, and raises a ConfigError for all else; its `load_by_name` gives what has
        that full name, checked.
    """

    key: str
    what: str
    place: str
    check: str
    libraries: str = ""

    @property
    def table(self) -> Mapping[str, str]:
        """Name -> "module:Object"."""
        try:
            table: Mapping[str, str] = object_at(self.place)
        except AttributeError as error:
            package = self.place.partition(":")[0]
            raise self._error(f"another package named {package!r} hides rliable's own; rename it") from error
        return table

    def __contains__(self, name: object) -> bool:
        return name in self.table

    def find(self, name: str, beside: str | None = None) -> str:
        """The name under which `load` finds the same from here on: of a file, the path; of a library, with its prefix.

        Args:
          name: as the user wrote it.
          beside: the file in which it stands; its folder, and the one above, are searched after the working folder.

        Raises:
          ConfigError: there is no such name, or no such file.
        """
        in_library = self._name_in_library(name)
        if in_library is not None:
            return in_library
        module_name, object_name = self._parts(name)
        is_file = module_name.endswith(".py")
        found = find_file(module_name if is_file else own_file(module_name) or "", beside)
        if is_file and found is None:
            raise self._error(f"no such file {module_name!r}")
        return f"{found}:{object_name}" if found is not None and (is_file or not is_module(module_name)) else name

    def load(self, name: str) -> Any:
        """The object of a name.

        Args:
          name: one of the table or of a library, "package.module:Class", or "file.py:Class". A file that is not there
            may have been shipped to this machine: then it is a module on the path.

        Raises:
          ConfigError: there is no such thing, or importing it fails.
        """
        in_library = self._name_in_library(name)
        if in_library is not None:
            return object_at(f"{self.libraries}:load_by_name")(in_library)
        module_name, object_name = self._parts(name)
        try:
            module = import_file(Path(module_name)) if module_name.endswith(".py") else import_module(module_name)
        except ModuleNotFoundError as error:
            raise self._error(missing_words(module_name, object_name, error)) from error
        except (Exception, SystemExit) as error:
            raise self._error(f"importing {module_name} failed: {type(error).__name__}: {error}") from error
        found = getattr(module, object_name, None)
        if found is None:
            raise self._error(f"{module_name} has no class {object_name!r}{file_hint(module_name, object_name)}")
        return object_at(self.check)(name, found)

    def _name_in_library(self, name: str) -> str | None:
        """The full name of what a library has; None for a line of the table and a class of the user's own."""
        if not self.libraries or name in self.table:
            return None
        found: str | None = object_at(f"{self.libraries}:find_name")(name)
        return found

    def _parts(self, name: str) -> tuple[str, str]:
        """The module, or the file, and the object of a name."""
        module_name, colon, object_name = self.table.get(name, name).rpartition(":")
        if not colon:
            what = f"{self.what} {name!r}" if self.what else repr(name)
            raise self._error(f"unknown {what}{nearest(name, self.table)}; or {FORMS}")
        return module_name, object_name

    def _error(self, words: str) -> ConfigError:
        return ConfigError([Problem(self.key, words)])


MODELS = Registry("class", "model", "models:MODELS", "rliable.config.model_file:as_model")
ENVIRONMENTS = Registry(
    "environment",
    "environment",
    "rliable.environments:ENVIRONMENTS",
    "rliable.environments.factory:as_factory",
    "rliable.environments.libraries",
)
WRAPPERS = Registry(
    "wrappers", "wrapper", "rliable.environments.wrappers:WRAPPERS", "rliable.environments.wrappers.base:as_wrapper"
)
NETWORKS = Registry(
    "network", "network", "rliable.training.networks:NETWORKS", "rliable.training.networks.base:as_network"
)
SAMPLERS = Registry("sampler", "", "rliable.tuning.samplers:SAMPLERS", "rliable.tuning.samplers.base:as_sampler")
EXECUTORS = Registry("executor", "executor", "rliable.executors:EXECUTORS", "rliable.executors.base:as_executor")


def object_at(place: str) -> Any:
    """The object at "module:name" of our own code."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def find_file(name: str, beside: str | None = None) -> str | None:
    """A file named in another one: seen from the working folder, else from the other file's folder or the one above.

    Raises:
      ConfigError: its path cannot be written as text.
    """
    folders = [Path()] if beside is None else [Path(), Path(beside).parent, Path(beside).parent.parent]
    found = next((str(folder / name) for folder in folders if (folder / name).is_file()), None)
    if found is None or is_text(found):
        return found
    near = os.path.relpath(found)  # the working folder itself may have any name
    if not is_text(near):
        raise ConfigError([f"{found!r}: this path is not UTF-8; rename its folder, or start from inside it"])
    return near


def is_text(name: str) -> bool:
    """Tells whether a path can be written as UTF-8."""
    return name.encode("utf-8", "ignore") == os.fsencode(name)


def file_in(name: str) -> str:
    """The file of "file.py:Class"; any other name as it is."""
    file = name.rpartition(":")[0]
    return file if file.endswith(".py") else name


def import_module(name: str) -> Any:
    """Imports a module, looking in the working folder as well, as `python script.py` does for its own."""
    look_in_working_folder()
    return importlib.import_module(name)


def look_in_working_folder() -> None:
    """Has modules be found in the working folder, after all else."""
    with contextlib.suppress(FileNotFoundError):  # a model may have removed the folder it works in
        here = str(Path.cwd())
        if here not in sys.path and "" not in sys.path:
            sys.path.append(here)


def import_file(path: Path) -> Any:
    """Imports a file as the module of its name; what it imports from beside it is found as well.

    Raises:
      ModuleNotFoundError: there is no such file, and no module of its name.
      ImportError: Python, an installed package or rliable has a module of its name.
    """
    if not path.is_file():
        return import_module(path.stem)
    known = sys.modules.get(path.stem)
    if known is not None and Path(getattr(known, "__file__", None) or "").resolve() == path.resolve():
        return known
    if is_taken(path.stem):
        raise ImportError(f"there is another module named {path.stem!r}; rename the file")
    hidden = hidden_sibling(path)
    if hidden is not None:
        raise ImportError(f"it imports {hidden.stem!r}, and so does a file in another folder; rename {hidden}")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None and spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module


def hidden_sibling(path: Path) -> Path | None:
    """A file beside this one that it imports, where another file of that name has been imported already.

    The same text elsewhere is no other file: what was shipped to this machine may be here as well.
    """
    for name in imported_names(path):
        sibling, known = path.resolve().with_name(f"{name}.py"), imported_source(name)
        if known is not None and sibling.is_file() and not is_taken(name):
            with contextlib.suppress(OSError, SyntaxError, ValueError):  # importing it says why
                if importlib.util.decode_source(sibling.read_bytes()).splitlines() != known.splitlines():
                    return sibling
    return None


def imported_source(name: str) -> str | None:
    """The source of a module that has been imported; None where there is none."""
    try:
        source: str | None = sys.modules[name].__loader__.get_source(name)  # type: ignore[union-attr]
    except (KeyError, AttributeError, ImportError, OSError):
        return None
    return source


def imported_names(path: Path) -> set[str]:
    """The first parts of the names of the modules that a file imports; none of a file that cannot be read."""
    try:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    except (OSError, SyntaxError, ValueError):  # importing it says why
        return set()
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    whole = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | whole}


def is_taken(name: str) -> bool:
    """Tells whether Python, an installed package or rliable has a module of this name."""
    if name in sys.stdlib_module_names or name in OUR_PACKAGES:
        return True
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return True  # "a.b", which would be a part of something else
    return spec is not None and spec.origin is not None and is_installed(Path(spec.origin))


def is_module(name: str) -> bool:
    """Tells whether there is a module of this name."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def is_installed(file: Path) -> bool:
    """Tells whether a file comes with Python or from an installed package.

    What was shipped is in a zip file, and no file itself; Spark may keep that inside its own package.
    """
    folders = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")]
    return file.is_file() and any(file.resolve().is_relative_to(folder) for folder in folders)


def missing_words(module_name: str, object_name: str, error: ModuleNotFoundError) -> str:
    """What to say when a module, or something that it imports, is not there."""
    missing, is_file = error.name or "", module_name.endswith(".py")
    sought = Path(module_name).stem if is_file else module_name
    if missing and f"{sought}.".startswith(f"{missing}."):
        where = f"on the path or in the working folder{file_hint(module_name, object_name)}"
        return f"no such file {module_name!r}" if is_file else f"no module named {module_name!r} {where}"
    top = missing.partition(".")[0]
    rename = f"; {top!r} is a package of rliable's, so rename yours" if top in OUR_PACKAGES else ""
    return f"importing {module_name} failed: {cure(top) if top in EXTRAS else f'{error}{rename}'}"


def file_hint(module_name: str, object_name: str) -> str:
    """The end of an error line about a module in one of our packages: the user's may have the same name."""
    top = module_name.partition(".")[0]
    file = own_file(module_name)
    return f"; {top!r} is a package of rliable's: write '{file}:{object_name}' for a file of yours" if file else ""


def own_file(module_name: str) -> str | None:
    """The file that a user may mean by a module in one of our packages; None for all others."""
    return module_name.replace(".", "/") + ".py" if module_name.partition(".")[0] in OUR_PACKAGES else None
