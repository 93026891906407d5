"""The environments of Gymnasium and Gym by name: "gymnasium:CartPole-v1", or without prefix for the first that has it.

A library is imported when one of its names is looked for, and then the packages that add environments to it.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rliable.config.environment import LIBRARIES, in_library
from rliable.environments.factory import HostFactory
from rliable.environments.runtime import prepare_import, silent
from rliable.extras import cure, missing_package, named_by
from rliable.registry import ENVIRONMENTS, FORMS, import_module
from rliable.schema import ConfigError, Problem, nearest

if TYPE_CHECKING:
    import gymnasium

#: Packages that add environments to a library when they are imported.
ADDED_BY = {"gymnasium": ("ale_py",), "gym": ("pybullet_envs",)}
HINT = "`rliable environments --all` lists those of Gymnasium and Gym"


@functools.cache
def specs_of(library: str) -> Mapping[str, Any]:
    """What a library knows of its environments, by name; empty where it is not installed."""
    if importlib.util.find_spec(library) is None:
        return {}
    prepare_import()
    module = importlib.import_module(library)
    for package in ADDED_BY[library]:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
    specs: Mapping[str, Any] = module.registry if library == "gymnasium" else module.envs.registry.env_specs
    return specs


def find_name(name: str) -> str | None:
    """The full name of a library's environment: "gymnasium:LunarLander-v3".

    Args:
      name: in any case, with a prefix or without, and perhaps with a module whose import makes it known
        ("gymnasium:my_package:Maze-v0").

    Returns:
      Its full name; None for what names a class of the user's.

    Raises:
      ConfigError: no library has it, or the one of the prefix is missing.
    """
    prepare_import()
    if in_library(name):
        library, _, rest = name.partition(":")
        return f"{library}:{name_in(library, rest)}"
    if ":" in name:
        return None
    for library in LIBRARIES:  # in this order
        known = any_case(specs_of(library)).get(name.lower())
        if known is not None:
            return f"{library}:{known}"
    raise error_of(unknown_words(name))


def name_in(library: str, name: str) -> str:
    """The name of an environment as its library writes it.

    Raises:
      ConfigError: the library, or the module in front of the name, is missing, or there is no such environment.
    """
    if not specs_of(library):
        raise error_of(f"{library}:{name}: {cure(library)}")
    module, colon, own_name = name.rpartition(":")
    if colon:
        try:
            import_module(module)
        except (Exception, SystemExit) as error:
            raise error_of(f"importing {module} failed: {type(error).__name__}: {error}") from error
    found = any_case(specs_of(library)).get(own_name.lower())
    if found is None:
        guess = nearest(own_name, (), specs_of(library)).partition("known:")[0].rstrip()
        raise error_of(f"{library} has no environment {own_name!r}{guess} {missing_hint(own_name)}{HINT}")
    return module + colon + found


def any_case(specs: Mapping[str, Any]) -> dict[str, str]:
    """Names in small letters -> as they are."""
    return {name.lower(): name for name in specs}


def unknown_words(name: str) -> str:
    """What to say of a name that neither we nor a library knows."""
    others = [other for library in LIBRARIES for other in specs_of(library)]
    guess = nearest(name, ENVIRONMENTS.table, others)
    return f"unknown environment {name!r}{guess}; {missing_hint(name)}{HINT}; or {FORMS}"


def missing_hint(name: str) -> str:
    """The middle of such a line, where a package that is missing may know the name."""
    candidates = (named_by(name), *LIBRARIES)
    missing = [module for module in candidates if module and importlib.util.find_spec(module) is None]
    return f"{cure(missing[0])}; " if missing else ""


def error_of(words: str) -> ConfigError:
    """A mistake in the name of an environment."""
    return ConfigError([Problem(ENVIRONMENTS.key, words)])


def load_by_name(name: str) -> HostFactory:
    """What makes environments of a full name.

    Raises:
      ConfigError: a package that it needs is missing.
    """
    library, _, rest = name.partition(":")
    spec = specs_of(library)[name_in(library, rest).rpartition(":")[2]]
    try:
        with silent(1, 2):
            maker = class_at(spec.entry_point)
    except Exception as error:
        missing = missing_package(error)
        words = f"{name} needs more: {cure(missing)}" if missing else f"importing {name} failed: {error}"
        raise error_of(words) from error
    limit = {"max_episode_steps": spec.max_episode_steps} if library == "gymnasium" else {}
    return HostFactory(name, MAKERS[library](spec.id), maker, {**spec.kwargs, **limit})


def class_at(entry_point: Any) -> Callable[..., Any]:
    """What an entry in a library's registry names: a class, or a function that makes an environment."""
    module, _, name = entry_point.partition(":") if isinstance(entry_point, str) else ("", "", "")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name) if module else entry_point
    return found


@dataclasses.dataclass(frozen=True)
class GymnasiumMaker:
    """Makes one of Gymnasium's environments without what only checks its use, which costs time in each step."""

    name: str

    def __call__(self, **options: Any) -> gymnasium.Env[Any, Any]:
        import gymnasium

        from rliable.environments.repeatable import repeatable

        spec = copy.copy(gymnasium.spec(self.name))
        spec.order_enforce = False
        with silent(1, 2), mujoco_unheard():
            return repeatable(functools.partial(gymnasium.make, spec, disable_env_checker=True, **options))


@contextlib.contextmanager
def mujoco_unheard() -> Iterator[None]:
    """Keeps MuJoCo from writing a log into the working folder about the age of Gymnasium's scenes, if it is there."""
    mujoco: Any = sys.modules.get("mujoco")
    if mujoco is None:
        yield
        return
    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda text: None)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(before)


@dataclasses.dataclass(frozen=True)
class GymMaker:
    """Makes one of Gym's environments, with Gymnasium's interface."""

    name: str

    def __call__(self, render_mode: str | None = None, **constants: Any) -> gymnasium.Env[Any, Any]:
        from rliable.environments.repeatable import repeatable

        with silent(1, 2):
            return repeatable(functools.partial(self._make, render_mode, constants))

    def _make(self, render_mode: str | None, constants: Mapping[str, Any]) -> gymnasium.Env[Any, Any]:
        import gym

        from rliable.environments.old_interface import adapt

        return adapt(gym.make(self.name, **constants), self.name, render_mode)


MAKERS: dict[str, Callable[[str], Callable[..., Any]]] = {"gymnasium": GymnasiumMaker, "gym": GymMaker}
