"""Gym's own environments, for tests: which of ours it has, and what happens in them."""

from __future__ import annotations

import dataclasses

import gym
import numpy as np

from rliable.environments import ENVIRONMENTS


def has_gym(name: str) -> bool:
    """Tells whether Gym has an environment of this name."""
    return name in gym.envs.registry.env_specs


#: Our environments that Gym has as well.
GYM_NAMES = [name for name in sorted(ENVIRONMENTS) if has_gym(name)]


@dataclasses.dataclass(frozen=True)
class Steps:
    """N steps in one of Gym's environments, one row each.

    Attributes:
      states, next_states: [N, S]
      actions: int32 [N], or float32 [N, A].
      observations: after the step, float32 [N, O].
      rewards: [N]
      ended: whether the episode ended there. [N]
      truncated: whether the time limit alone ended it. [N]
      episode_steps: how many steps of the episode had been taken with this one. [N]
    """

    states: np.ndarray
    actions: np.ndarray
    next_states: np.ndarray
    observations: np.ndarray
    rewards: np.ndarray
    ended: np.ndarray
    truncated: np.ndarray
    episode_steps: np.ndarray


def play(environment: gym.Env, num_steps: int, seed: int = 0) -> Steps:
    """Plays episodes of actions that are held for a random while, which gets further than noise does."""
    random = np.random.default_rng(seed)
    environment.action_space.seed(seed)
    rows, episode_step = [], 0
    for _ in range(num_steps):
        if episode_step == 0:
            environment.reset(seed=int(random.integers(2**31)))
        if episode_step == 0 or random.random() < 0.08:
            action = environment.action_space.sample()
        state = np.array(environment.unwrapped.state, np.float64)
        observation, reward, ended, info = environment.step(action)
        next_state, episode_step = np.array(environment.unwrapped.state, np.float64), episode_step + 1
        is_truncated = info.get("TimeLimit.truncated", False)
        rows.append((state, action, next_state, observation, reward, ended, is_truncated, episode_step))
        episode_step = 0 if ended else episode_step
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    columns[1] = columns[1].astype(np.float32 if columns[1].ndim == 2 else np.int32)
    return Steps(*columns)
