"""What has a name: models, environments, samplers and executors, each a line in a table or a class of the user's own.

A table maps a name to "module:Object", as text, so that reading one imports nothing that it names. Wherever such a name
may stand, the user's own may stand as well: "package.module:Class", or "file.py:Class".
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rliable.schema import ConfigError, nearest

FORMS = "'package.module:Class' or 'file.py:Class'"


@dataclasses.dataclass(frozen=True)
class Registry:
    """One table of names.

    Attributes:
      key: the key under which users write such a name, for errors.
      what: what has these names, in the singular, for errors.
      place: "module:TABLE", the table.
      check: "module:function"; it takes the name and the object found, and gives what the house works with, or
        raises a ConfigError.
    """

    key: str
    what: str
    place: str
    check: str

    @property
    def table(self) -> Mapping[str, str]:
        """Name -> "module:Object"."""
        table: Mapping[str, str] = object_at(self.place)
        return table

    def __contains__(self, name: object) -> bool:
        return name in self.table

    def load(self, name: str) -> Any:
        """The object of a name.

        Args:
          name: one of the table, "package.module:Class" or "file.py:Class".

        Raises:
          ConfigError: there is no such thing, or importing it fails.
        """
        if ":" not in name and name not in self.table:
            what = f"{self.what} {name!r}" if self.what else repr(name)
            raise ConfigError([f"{self.key}: unknown {what}{nearest(name, self.table)}; or {FORMS}"])
        module_name, _, object_name = self.table.get(name, name).rpartition(":")
        found = getattr(self._import(module_name), object_name, None)
        if found is None:
            raise ConfigError([f"{self.key}: {module_name} has no class {object_name!r}"])
        return object_at(self.check)(name, found)

    def _import(self, name: str) -> Any:
        try:
            return import_file(Path(name)) if name.endswith(".py") else import_module(name)
        except ModuleNotFoundError as error:
            if error.name and (name == error.name or name.startswith(error.name + ".")):
                where = "on the path or in the working folder"
                raise ConfigError([f"{self.key}: no module named {name!r} {where}"]) from error
            raise ConfigError([f"{self.key}: importing {name} failed: {error}"]) from error
        except FileNotFoundError as error:
            raise ConfigError([f"{self.key}: no such file {name!r}"]) from error
        except Exception as error:
            raise ConfigError([f"{self.key}: importing {name} failed: {type(error).__name__}: {error}"]) from error


MODELS = Registry("class", "model", "models:MODELS", "rliable.config.model_file:as_model")
ENVIRONMENTS = Registry(
    "environment", "environment", "rliable.environments:ENVIRONMENTS", "rliable.environments.base:as_factory"
)
SAMPLERS = Registry("sampler", "", "rliable.tuning.samplers:SAMPLERS", "rliable.tuning.samplers.base:as_sampler")
EXECUTORS = Registry("executor", "executor", "rliable.executors:EXECUTORS", "rliable.executors.base:as_executor")


def object_at(place: str) -> Any:
    """The object at "module:name" of our own code."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def import_module(name: str) -> Any:
    """Imports a module, looking in the working folder as well, as `python script.py` does for its own."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    return importlib.import_module(name)


def import_file(path: Path) -> Any:
    """Imports a file as the module of its name; what it imports from beside it is found as well.

    Raises:
      FileNotFoundError: there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    known = sys.modules.get(path.stem)
    if known is not None and Path(getattr(known, "__file__", None) or "").resolve() == path.resolve():
        return known
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None and spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module
