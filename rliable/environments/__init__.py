"""What models are trained on: environments by name, and rows of data by file.

The registry maps a name to "module:factory"; the factory takes no arguments and makes a new, independent environment.
Importing this module imports no environment.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from rliable.environments.rows import ROW_SUFFIXES, load_rdd, load_rows
from rliable.json_files import find_file
from rliable.schema import nearest
from rliable.training.runtime import prepare_import

ENVIRONMENTS: dict[str, str] = {
    "CartPole-v0": "rliable.environments.cartpole:make_cartpole_v0",
    "CartPole-v1": "rliable.environments.cartpole:make_cartpole_v1",
}


def resolve_environment(name: str, beside: str | None = None) -> tuple[str, str | None]:
    """Finds what the `environment` of a model file stands for.

    Args:
      name: an environment's name in any case, or the path of a JSON-lines or CSV file.
      beside: the file that names it; a path may be relative to it as well as to the working folder.

    Returns:
      The registered name or the absolute path, and None; or the name as it is, and what is wrong with it.
    """
    by_lower_case = {known.lower(): known for known in ENVIRONMENTS}
    if name.lower() in by_lower_case:
        return by_lower_case[name.lower()], None
    if Path(name).suffix.lower() in ROW_SUFFIXES:
        found = find_file(name, beside)
        return (name, f"no such file {name!r}") if found is None else (str(Path(found).absolute()), None)
    files = ", ".join(ROW_SUFFIXES)
    return name, f"unknown environment {name!r}{nearest(name, ENVIRONMENTS)}; or a file ending in {files}"


def short_name(name: str) -> str:
    """A name for people: a file below the working folder is shown relative to it."""
    path = Path(name)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else name


def load_data(name: str, sc: Any = None) -> Any:
    """Makes a new instance of what `name` stands for.

    Args:
      name: as resolved by `resolve_environment`.
      sc: a SparkContext, to get rows as an RDD.

    Returns:
      An environment; rows (a list of dicts); or an RDD of such rows.
    """
    if name in ENVIRONMENTS:
        prepare_import()
        module_name, _, factory = ENVIRONMENTS[name].partition(":")
        return getattr(importlib.import_module(module_name), factory)()
    return load_rdd(name, sc) if sc is not None else load_rows(name)
