"""What is known of the libraries' environments: whether episodes follow from their seed, and what that takes.

It was found by `rliable.environments.recording.is_repeatable`, over all of both libraries and the games of their tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium

#: Their first episode differs from all later ones: the scene is read from files then, and put back to its state later.
BEGUN_BY_RESET = ("pybullet_envs.",)
#: Packages all of whose environments follow from their seeds so, but for those of the next line.
TRIED = ("gymnasium", "gym", "ale_py", "pybullet_envs")
NOT_REPEATABLE = ("MinitaurBulletEnv", "MinitaurBulletDuckEnv", "RacecarGymEnv")
#: Their physics keep something over `reset`; making a new instance takes no longer.
MADE_ANEW = ("BipedalWalker",)


def repeatable(make: Callable[[], gymnasium.Env[Any, Any]]) -> gymnasium.Env[Any, Any]:
    """An instance, with what its class needs for episodes that follow from their seed.

    Args:
      make: makes an instance.
    """
    environment = make()
    inner = innermost(environment)
    if inner.__name__.startswith(MADE_ANEW):
        return MadeAnew(environment, make)
    if inner.__module__.startswith(BEGUN_BY_RESET):
        environment.reset(seed=0)
    return environment


def innermost(environment: gymnasium.Env[Any, Any]) -> type:
    """The class inside all wrappers."""
    inner = getattr(environment.unwrapped, "adapted", environment)
    return type(getattr(inner, "unwrapped", inner))


def known_repeatability(environment: gymnasium.Env[Any, Any]) -> bool | None:
    """Whether an environment's episodes follow from their seeds and actions, or None where that has to be tried."""
    layers = [innermost(environment)]
    while isinstance(environment, gymnasium.Wrapper):
        layers.append(type(environment))
        environment = environment.env
    packages = {layer.__module__.partition(".")[0] for layer in layers}
    return layers[0].__name__ not in NOT_REPEATABLE if packages <= {*TRIED, "rliable"} else None


class MadeAnew(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Plays each episode in a new instance."""

    def __init__(self, environment: gymnasium.Env[Any, Any], make: Callable[[], gymnasium.Env[Any, Any]]) -> None:
        super().__init__(environment)
        self._make, self._is_new = make, True

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        if not self._is_new:
            self.env.close()
            self.env = self._make()
        self._is_new = False
        return self.env.reset(seed=seed, options=options)
