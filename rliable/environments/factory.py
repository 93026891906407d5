"""What makes an environment, whatever it is: inside the graph or on the host, of a library or of the user's own.

All have the same form, a function of the environment's constants. It shows the constants of the class behind it.
"""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import typing
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rliable.environments.base import Environment
from rliable.environments.host import HostEnvironment
from rliable.schema import ConfigError, Problem

if TYPE_CHECKING:
    import gymnasium

#: The methods by which a class is known as an environment.
METHODS = ("reset", "step")
#: Keywords that are no constants.
NO_CONSTANTS = ("render_mode",)


def as_factory(name: str, found: Any) -> Callable[..., Any]:
    """What the `environment` of a model file names, as a function that makes a new one.

    Its keywords are `environment_kwargs`, all of which have defaults.

    Args:
      name: as the user wrote it.
      found: the object of that name: an `Environment` class, a class with `reset` and `step` as Gymnasium or Gym have
        them, or a function that makes one of either.

    Raises:
      ConfigError: it is neither, or needs arguments.
    """
    is_class = inspect.isclass(found)
    if not callable(found) or (is_class and not is_environment(found)):
        raise ConfigError([Problem("environment", f"{name} is neither {KINDS} nor a function that makes one")])
    missing = getattr(found, "__abstractmethods__", None) or needed_arguments(found)
    if missing:
        what = "lacks" if is_class and inspect.isabstract(found) else "needs a default for"
        raise ConfigError([Problem("environment", f"{name} {what} {', '.join(sorted(missing))}")])
    if is_class and issubclass(found, Environment):
        factory: Callable[..., Environment] = found
        return factory
    return HostFactory(name, OwnMaker(name, found), found) if is_class else FunctionFactory(name, found)


KINDS = f"an environment (a subclass of rliable's Environment, or a class with {' and '.join(METHODS)})"


def is_environment(found: Any) -> bool:
    """Tells whether a class, or an object, may be an environment."""
    is_ours = inspect.isclass(found) and issubclass(found, Environment)
    return is_ours or all(callable(getattr(found, method, None)) for method in METHODS)


def needed_arguments(function: Callable[..., Any]) -> list[str]:
    """The arguments of a function or class that have no default."""
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return [part.name for part in parameters if part.default is part.empty and part.kind not in free]


class HostFactory:
    """Makes an environment that steps on the host; to whoever asks, it has the keywords of the class behind it.

    Attributes:
      takes_wrappers: whether wrappers may lie around what it makes.
    """

    takes_wrappers = True

    def __init__(
        self,
        name: str,
        make: Callable[..., Any],
        shown: Callable[..., Any],
        defaults: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Keeps what is needed, and makes nothing.

        Args:
          name: of the environment, as resolved.
          make: makes an instance with Gymnasium's interface; its keywords are the constants and `render_mode`.
          shown: the class or function behind it.
          defaults: constants that `shown` is given where the user gives none.
        """
        self.name, self._make = name, make
        self.__doc__ = text_of(shown.__doc__)
        self.__signature__ = signature_of(shown, defaults)
        self.__annotations__ = {**hints_in(shown), "max_episode_steps": int | None}

    def __call__(self, *, wrappers: Sequence[Any] = (), **constants: Any) -> Any:
        return HostEnvironment(self.name, self._make, constants, wrappers)


class FunctionFactory(HostFactory):
    """The same for a function of the user's, which may make an environment of either kind."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        super().__init__(name, OwnMaker(name, function), function)
        self._function = function

    def __call__(self, *, wrappers: Sequence[Any] = (), **constants: Any) -> Any:
        made = self._function(**constants)
        if not isinstance(made, Environment):
            getattr(made, "close", lambda: None)()
            return super().__call__(wrappers=wrappers, **constants)
        if wrappers:
            words = f"{self.name} steps inside the graph, where no wrapper reaches"
            raise ConfigError([Problem("wrappers", words)])
        return made


@dataclasses.dataclass(frozen=True)
class OwnMaker:
    """Makes an instance of a class of the user's, or by a function of his, with Gymnasium's interface.

    Attributes:
      name: as resolved.
      make: the class or function.
    """

    name: str
    make: Callable[..., Any]

    def __call__(self, render_mode: str | None = None, **constants: Any) -> gymnasium.Env[Any, Any]:
        from rliable.environments.old_interface import adapt

        is_asked = render_mode is not None and "render_mode" in inspect.signature(self.make).parameters
        made = self.make(**constants, **({"render_mode": render_mode} if is_asked else {}))
        if not is_environment(made):
            raise ConfigError([Problem("environment", f"{self.name} made {type(made).__name__}, not {KINDS}")])
        return adapt(made, self.name, render_mode)


def signature_of(shown: Callable[..., Any], defaults: Mapping[str, Any]) -> inspect.Signature:
    """The keywords of a class or function with other defaults, without those that are no constants."""
    known = {name: part for name, part in inspect.signature(shown).parameters.items() if name not in NO_CONSTANTS}
    free = [part for part in known.values() if part.kind is part.VAR_KEYWORD]
    own = {name: part for name, part in known.items() if part.kind in (part.POSITIONAL_OR_KEYWORD, part.KEYWORD_ONLY)}
    keywords = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=defaults.get(name, getattr(own.get(name), "default", None))
        )
        for name in dict.fromkeys([*own, *defaults])
    ]
    return inspect.Signature([*keywords, *free])


def text_of(doc: str | None) -> str | None:
    """A docstring without the heading that libraries put before it."""
    lines = inspect.cleandoc(doc or "").splitlines()
    return "\n".join(itertools.dropwhile(lambda line: not line.strip() or line.startswith("#"), lines)) or None


def hints_in(shown: Callable[..., Any]) -> dict[str, Any]:
    """The types of the keywords of a class or function, as far as they can be known."""
    try:
        return typing.get_type_hints(shown.__init__ if inspect.isclass(shown) else shown)
    except Exception:  # names that only a type checker imports
        return {}
