"""What a wrapper that has a name consists of: its parameters, and how it is laid around an environment."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import gymnasium

from rliable.schema import ConfigError, Problem


class Wrapping(ABC):
    """A wrapper by name: a frozen dataclass whose fields, made with `rliable.schema.setting`, are its parameters.

    Attributes:
      is_for_training: whether evaluations go without it.
    """

    is_for_training: ClassVar[bool] = False

    @abstractmethod
    def wrap(self, environment: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        """The environment with the wrapper around it.

        Whatever is random in the wrapper follows from the seed of the latest `reset` that had one.

        Raises:
          ConfigError: the wrapper does not fit this environment.
        """

    def layers(self, environment: gymnasium.Env[Any, Any]) -> Sequence[Wrapping]:
        """What the wrapper consists of, from the inside out: itself, unless it stands for several."""
        return [self]


def as_wrapper(name: str, found: Any) -> Callable[..., Any]:
    """What an entry of `wrappers` names: a `Wrapping`, or whatever of the user's own takes an environment.

    Args:
      name: as the user wrote it.
      found: the object of that name.

    Raises:
      ConfigError: it takes no environment.
    """
    is_named = inspect.isclass(found) and issubclass(found, Wrapping)
    if is_named or (callable(found) and len(inspect.signature(found).parameters) > 0):
        wrapper: Callable[..., Any] = found
        return wrapper
    raise ConfigError([Problem("wrappers", f"{name} is no gymnasium.Wrapper: it takes no environment")])


def unfit(name: str, needs: str, environment: gymnasium.Env[Any, Any]) -> ConfigError:
    """The error of a wrapper that does not fit what it is to lie around.

    Args:
      name: the wrapper's.
      needs: what it needs, such as "images".
      environment: what it found.
    """
    spaces = f"observations {environment.observation_space} and actions {environment.action_space}"
    return ConfigError([Problem("wrappers", f"{name} needs {needs}; here it lies around {spaces}")])
