"""Users' environments that step on the host, of every age, for tests."""

import gym
import gymnasium
import numpy as np


class Corridor(gymnasium.Env):
    """Walk to the right end of a corridor, from a place that is drawn."""

    def __init__(self, length: int = 5, step_cost: float = 0.1, render_mode: str | None = None):
        self.length, self.step_cost, self.render_mode = length, step_cost, render_mode
        self.observation_space = gymnasium.spaces.Box(0.0, 1.0, (2,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.steps = int(self.np_random.integers(self.length)), 0
        return self._seen(), {}

    def step(self, action):
        self.place = max(self.place + (1 if action else -1), 0)
        self.steps += 1
        is_there = self.place >= self.length
        return self._seen(), float(is_there) - self.step_cost, is_there, self.steps >= 50 and not is_there, {}

    def render(self):
        picture = np.zeros((16, 16, 3), np.uint8)
        picture[:, 15 * self.place // self.length] = 255
        return picture

    def _seen(self):
        return np.array([self.place / self.length, self.steps / 50], np.float32)


class OldCorridor(gym.Env):
    """The same as people wrote it for Gym: four values, and a method for the seed."""

    def __init__(self, length=5):
        self.length = length
        self.observation_space = gym.spaces.Discrete(length + 1)
        self.action_space = gym.spaces.Discrete(2)

    def seed(self, seed=None):
        self.random = np.random.default_rng(seed)
        return [seed]

    def reset(self):
        self.place, self.steps = int(self.random.integers(self.length)), 0
        return self.place

    def step(self, action):
        self.place = min(max(self.place + (1 if action else -1), 0), self.length)
        self.steps += 1
        is_there, is_late = self.place == self.length, self.steps >= 50
        info = {"TimeLimit.truncated": True} if is_late and not is_there else {}
        return self.place, float(is_there), is_there or is_late, info

    def render(self, mode="human"):
        return np.zeros((4, 4, 3), np.uint8) if mode == "rgb_array" else None


class PlainCorridor:
    """A class of no library, with Gymnasium's spaces."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))

    def reset(self, seed=None):
        self.place = np.random.default_rng(seed).uniform(-1.0, 1.0)
        return np.array([self.place], np.float32)

    def step(self, action):
        self.place = float(np.clip(self.place + action[0], -1.0, 1.0))
        return np.array([self.place], np.float32), -abs(self.place), False, abs(self.place) < 0.1, {}


def make_corridor(length: int = 3) -> gymnasium.Env:
    """Makes a corridor with a time limit of Gymnasium's."""
    return gymnasium.wrappers.TimeLimit(Corridor(length), 10)
