"""Environments that step on the host, and users' own wrappers, for tests."""

import gymnasium
import numpy as np


class Counting(gymnasium.Env):
    """Observes the number of the step, earns it as a reward, and has lives of five steps each; drawn as pixels."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}
    observation_space = gymnasium.spaces.Box(0, 255, (6, 8, 3), np.uint8)
    action_space = gymnasium.spaces.Discrete(4)

    def __init__(self, num_lives: int = 3, has_fire: bool = True, is_numbers: bool = False, render_mode=None) -> None:
        self.num_lives, self.has_fire, self.render_mode = num_lives, has_fire, render_mode
        self.is_numbers, self.actions = is_numbers, []
        if is_numbers:
            self.observation_space = gymnasium.spaces.Box(-1000, 1000, (2,), np.float32)

    def get_action_meanings(self):
        return ["NOOP", "FIRE" if self.has_fire else "UP", "RIGHT", "LEFT"]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.seed_of_game, self.num_steps, self.actions = seed, 0, []
        return self.show(), {"lives": self.num_lives}

    def step(self, action):
        self.num_steps += 1
        self.actions.append(int(action))
        lives = self.num_lives - self.num_steps // 5
        return self.show(), float(self.num_steps), lives == 0, False, {"lives": lives}

    def show(self):
        if self.is_numbers:
            return np.array([self.num_steps, -self.num_steps], np.float32)
        return np.full((6, 8, 3), self.num_steps, np.uint8)

    def render(self):
        return np.full((20, 30, 3), self.num_steps, np.uint8)


class Steering(gymnasium.Env):
    """Continuous actions without bounds, which it earns."""

    observation_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def __init__(self, bound: float = np.inf) -> None:
        self.action_space = gymnasium.spaces.Box(-bound, bound, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.zeros(1, np.float32), float(action.sum()), False, False, {}


class AddToReward(gymnasium.RewardWrapper):
    """A user's own wrapper."""

    def __init__(self, env, amount, times=1) -> None:
        super().__init__(env)
        self.amount = amount * times

    def reward(self, reward):
        return reward + self.amount


class Endless(gymnasium.Env):
    """What CartPole looks like to an agent, and no picture of it."""

    observation_space = gymnasium.spaces.Box(-1, 1, (4,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        return np.zeros(4, np.float32), {}

    def step(self, action):
        return np.zeros(4, np.float32), 0.0, False, False, {}
