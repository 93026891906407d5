"""Makes episodes of libraries' environments follow from their seed, where by themselves they also follow from what an
instance has played before.

Which these are was found by `rliable.environments.recording.is_repeatable` over all environments of both libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium

#: Their first episode differs from all later ones: the scene is read from files then, and put back to its state later.
BEGUN_BY_RESET = ("pybullet_envs.",)
#: Their physics keep something over `reset`; making a new instance takes no longer.
MADE_ANEW = ("BipedalWalker",)


def repeatable(make: Callable[[], gymnasium.Env[Any, Any]]) -> gymnasium.Env[Any, Any]:
    """An instance, with what its class needs for episodes that follow from their seed.

    Args:
      make: makes an instance.
    """
    environment = make()
    inner = type(getattr(environment.unwrapped, "adapted", environment).unwrapped)
    if inner.__name__.startswith(MADE_ANEW):
        return MadeAnew(environment, make)
    if inner.__module__.startswith(BEGUN_BY_RESET):
        environment.reset(seed=0)
    return environment


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
