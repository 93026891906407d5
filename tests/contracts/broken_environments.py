"""Environments of which each breaks one part of the contract; their docstrings begin with the fault's name."""

import gymnasium
import numpy as np

from tests.environments.host_environments import Corridor, OldCorridor

PLACE = [0]


class NoSpace(Corridor):
    """environment: says not what is observed."""

    def __init__(self):
        super().__init__()
        del self.observation_space


class Wordy(Corridor):
    """environment: observations are texts."""

    def __init__(self):
        super().__init__()
        self.observation_space = gymnasium.spaces.Text(5)


class Unbounded(Corridor):
    """environment: actions without bounds."""

    def __init__(self):
        super().__init__()
        self.action_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,))


class Unborn(Corridor):
    """making: cannot be made."""

    def __init__(self):
        raise OSError("no such world")


class Quitter(Corridor):
    """raises: ends the process, in its own words."""

    def step(self, action):
        raise SystemExit("I quit, whoever asks\nfor good")


class Lavish(Corridor):
    """reward: more than 32 bits hold."""

    def step(self, action):
        return (*super().step(action)[:1], 1e300, *super().step(action)[2:])


class Empty(Corridor):
    """environment: nothing to see."""

    def __init__(self):
        super().__init__()
        self.observation_space = gymnasium.spaces.Box(-1, 1, (0,))


class Shapeless(Corridor):
    """shape: three numbers instead of two."""

    def _seen(self):
        return np.zeros(3, np.float32)


class Fractional(Corridor):
    """dtype: fractions instead of whole numbers."""

    def __init__(self):
        super().__init__()
        self.observation_space = gymnasium.spaces.Box(0, 5, (2,), np.int64)


class FarOut(Corridor):
    """bounds: numbers beyond the bounds."""

    def _seen(self):
        return super()._seen() * 50


class NotANumber(Corridor):
    """finite: divides by zero."""

    def _seen(self):
        return np.array([0.5, np.nan if self.steps == 2 else 0.5], np.float32)


class NotOfTheSpace(OldCorridor):
    """observation: one of five, and a sixth."""

    def __init__(self):
        super().__init__()
        self.observation_space = gymnasium.spaces.Discrete(5)


class Unpaid(Corridor):
    """reward: none."""

    def step(self, action):
        observation, _, *others = super().step(action)
        return observation, None, *others


class Overpaid(Corridor):
    """reward: one without end."""

    def step(self, action):
        observation, _, *others = super().step(action)
        return observation, np.float32(np.inf), *others


class Undecided(Corridor):
    """flags: a number where a truth value belongs."""

    def step(self, action):
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, float(terminated), truncated, info


class ThreeValues(Corridor):
    """raises: three values of a step."""

    def step(self, action):
        return super().step(action)[:3]


class Fragile(Corridor):
    """raises: something in the middle of an episode."""

    def step(self, action):
        if self.steps == 3:
            raise RuntimeError("the motor is hot")
        return super().step(action)


class Endless(Corridor):
    """endless: no time limit."""

    def step(self, action):
        observation, reward, *_ = super().step(0)
        self.steps = 0
        return observation, reward, False, False, {}


class Unseeded(Corridor):
    """seed: draws from the generator that all of a process share."""

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = int(np.random.randint(self.length))
        return self._seen(), {}


class Remembers(Corridor):
    """used: the corridor becomes longer with each episode."""

    def reset(self, *, seed=None, options=None):
        self.length += 1
        answer = super().reset(seed=seed)
        self.place = min(self.place, self.length - 1)
        return answer


class Shared(Corridor):
    """independence: all instances walk together."""

    place = property(lambda self: PLACE[0], lambda self, place: PLACE.__setitem__(0, place))


class HiddenLimit(Corridor):
    """truncation: a time limit that is told as termination."""

    def _seen(self):
        return np.array([self.place / 50, 0.0], np.float32)

    def step(self, action):
        observation, reward, *_ = super().step(action)
        self.place = min(self.place, self.length - 1)
        return observation, reward, self.steps >= 20, False, {}


class CannotDraw(Corridor):
    """render: says that it can."""

    metadata = {"render_modes": ["rgb_array"]}

    def render(self):
        raise NotImplementedError("later")


class DrawsNumbers(Corridor):
    """render: gives no picture."""

    metadata = {"render_modes": ["rgb_array"]}

    def render(self):
        return np.zeros((4, 4))
