"""Brings every environment that steps in Python under Gymnasium's interface: Gym's, and users' own of any age.

Old ones differ in four things: `reset` gives the observation alone, it takes no seed (there is a method `seed`), `step`
gives four values of which `done` tells the end and `info["TimeLimit.truncated"]` that it was the time limit's, and
spaces are Gym's.
"""

from __future__ import annotations

import inspect
from typing import Any

import gymnasium
from gymnasium import spaces

from rliable.schema import ConfigError, Problem


def adapt(environment: Any, name: str, render_mode: str | None = None) -> gymnasium.Env[Any, Any]:
    """An environment with Gymnasium's interface.

    Args:
      environment: of any interface.
      name: for errors.
      render_mode: how it is to draw itself, if at all.

    Raises:
      ConfigError: it does not say what is observed or done in it.
    """
    for what in ("observation_space", "action_space"):
        if not is_space(getattr(environment, what, None)):
            found = repr(getattr(environment, what, "missing"))
            words = f"{name}: its {what} must be one of gymnasium.spaces, found {found:.60}"
            raise ConfigError([Problem("environment", words)])
    return Adapted(environment, render_mode)


class Adapted(gymnasium.Env[Any, Any]):
    """An environment of any interface, behind Gymnasium's."""

    def __init__(self, environment: Any, render_mode: str | None) -> None:
        self.adapted = environment
        self.observation_space = as_gymnasium(environment.observation_space)
        self.action_space = as_gymnasium(environment.action_space)
        self.metadata = getattr(environment, "metadata", None) or {}
        self.render_mode = render_mode
        self.spec = getattr(environment, "spec", None)
        self._resets_with_seed = takes_seed(environment)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        if self._resets_with_seed:
            answer = self.adapted.reset(seed=seed)
        else:
            if seed is not None and hasattr(self.adapted, "seed"):
                self.adapted.seed(seed)
            answer = self.adapted.reset()
        is_new = isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], dict)
        return answer if is_new else (answer, {})

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        answer = self.adapted.step(action)
        if len(answer) == 5:
            return tuple(answer)
        if len(answer) != 4:
            five = "observation, reward, terminated, truncated, info"
            raise ValueError(f"step must give 5 values ({five}), or 4 as in Gym, and gave {len(answer)}")
        observation, reward, done, info = answer
        is_cut = bool(info.get("TimeLimit.truncated", False))
        return observation, reward, bool(done) and not is_cut, is_cut, info

    def render(self) -> Any:
        """A picture: old environments are asked for it by a keyword."""
        is_old = "mode" in inspect.signature(self.adapted.render).parameters
        return self.adapted.render(mode=self.render_mode or "rgb_array") if is_old else self.adapted.render()

    def close(self) -> None:
        """Gives back what it holds, if it can."""
        getattr(self.adapted, "close", lambda: None)()

    def __getattr__(self, name: str) -> Any:
        """What else the environment has, for wrappers that know it."""
        if name.startswith("_") or name == "adapted":
            raise AttributeError(name)
        return getattr(self.adapted, name)


def takes_seed(environment: Any) -> bool:
    """Tells whether `reset` takes a seed: that of an environment, and of all the wrappers around it."""
    layers = [environment]
    while getattr(layers[-1], "env", None) is not None and layers[-1].env is not layers[-1]:
        layers.append(layers[-1].env)
    parameters = [inspect.signature(layer.reset).parameters.values() for layer in layers]
    return all(any(part.name == "seed" or part.kind is part.VAR_KEYWORD for part in parts) for parts in parameters)


def is_space(space: Any) -> bool:
    """Tells whether something is a space of Gymnasium's or of Gym's."""
    return isinstance(space, spaces.Space) or type(space).__module__.partition(".")[0] == "gym"


def as_gymnasium(space: Any) -> spaces.Space[Any]:
    """A space of Gym's as Gymnasium's.

    Raises:
      ConfigError: Gymnasium has no such space.
    """
    if isinstance(space, spaces.Space):
        return space
    kind = type(space).__name__
    if kind not in CONVERSIONS:
        raise ConfigError([Problem("environment", f"the space {space} of Gym's is not supported")])
    converted: spaces.Space[Any] = CONVERSIONS[kind](space)
    return converted


CONVERSIONS: dict[str, Any] = {
    "Box": lambda space: spaces.Box(space.low, space.high, space.shape, space.dtype),
    "Discrete": lambda space: spaces.Discrete(space.n, start=getattr(space, "start", 0)),
    "MultiDiscrete": lambda space: spaces.MultiDiscrete(space.nvec, space.dtype),
    "MultiBinary": lambda space: spaces.MultiBinary(space.n),
    "Tuple": lambda space: spaces.Tuple([as_gymnasium(part) for part in space.spaces]),
    "Dict": lambda space: spaces.Dict({name: as_gymnasium(part) for name, part in space.spaces.items()}),
}
