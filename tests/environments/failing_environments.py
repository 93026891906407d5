"""Environments on the host that fail in the ways that processes can, for tests."""

import ctypes
import os
import signal
import sys
import time

import gymnasium
import numpy as np


class Failing(gymnasium.Env):
    """Walks at random, and in some step of an episode does something bad."""

    def __init__(self, deed: str = "nothing", at_step: int = 3, seconds: float = 300.0):
        self.deed, self.at_step, self.seconds = getattr(self, deed), at_step, seconds
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.steps = self.np_random.normal(size=3), 0
        if self.at_step == 0:
            self.deed()
        return self.place.astype(np.float32), {}

    def step(self, action):
        self.steps += 1
        if self.steps == self.at_step:
            self.deed()
        self.place += self.np_random.normal(size=3) * action
        return self.place.astype(np.float32), float(self.place.sum()), bool(self.place[0] > 2), self.steps >= 20, {}

    def nothing(self):
        pass

    def stumble(self):
        raise ValueError("the door is stuck\nand more of it")

    def hang(self):
        time.sleep(self.seconds)

    def dawdle(self):
        time.sleep(0.1)

    def die(self):
        print("the lamp went out", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    def leave(self):
        os._exit(3)

    def crash(self):
        print("into native code", flush=True)
        ctypes.string_at(0)

    def tell(self):
        raise ValueError(f"TensorFlow: {'tensorflow' in sys.modules}, threads: {os.environ['OMP_NUM_THREADS']}")


class Pictures(gymnasium.Env):
    """Shows noise, which depends on what was done."""

    def __init__(self):
        self.observation_space = gymnasium.spaces.Box(0, 255, (6, 5, 3), np.uint8)
        self.action_space = gymnasium.spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._seen(0), {}

    def step(self, action):
        return self._seen(action), float(action), bool(self.np_random.random() < 0.1), False, {}

    def _seen(self, action):
        return self.np_random.integers(0, 200, (6, 5, 3)).astype(np.uint8) + np.uint8(action)


class Clipping(gymnasium.Env):
    """Changes the action that it is given, as some do."""

    def __init__(self):
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float64)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.steps = self.np_random.normal(size=2), 0
        return self.place, {}

    def step(self, action):
        action *= 0.5
        self.steps += 1
        self.place += action
        return self.place, -float(np.abs(self.place).sum()), bool(np.abs(self.place).max() > 3), self.steps >= 20, {}
