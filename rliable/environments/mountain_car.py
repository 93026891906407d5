"""MountainCar inside the graph: a car too weak for the hill in front of it has to gather speed in the valley.

A. W. Moore, "Efficient memory-based learning for robot control", PhD thesis, University of Cambridge (1990),
https://www.cl.cam.ac.uk/techreports/UCAM-CL-TR-209.pdf; with the constants and equations of Gym 0.23, whose continuous
version is O. Sigaud's. Time is counted in steps, and lengths in units of the track. States are float64.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from rliable.environments.base import Environment, gyms_generators, time_limit
from rliable.environments.random_numbers import uniform
from rliable.environments.runtime import tf
from rliable.schema import setting

MIN_POSITION, MAX_POSITION = -1.2, 0.6
MAX_SPEED = 0.07  # per step
FIRST_POSITIONS = (-0.6, -0.4)  # an episode starts at rest, anywhere between them


@dataclasses.dataclass(frozen=True)
class Valley(Environment):
    """What both cars have in common. The state is also the observation: position and velocity."""

    observation_size = 2

    max_episode_steps: int = time_limit(200)
    gravity: float = setting(0.0025, "Acceleration down a slope of 1.", unit="per step²", low=0, high=1)
    goal_velocity: float = setting(0.0, "The least velocity at the goal.", unit="per step", low=0, high=MAX_SPEED)

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        states = [[generator.uniform(*FIRST_POSITIONS), 0.0] for generator in gyms_generators(seeds)]
        return np.array(states).reshape(-1, 2)

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        positions = uniform(seed, [num_episodes, 1], *FIRST_POSITIONS, tf.float64)
        return tf.concat([positions, tf.zeros_like(positions)], axis=1)

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        return tf.cast(state, tf.float32)

    def _move(self, state: tf.Tensor, push: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Moves every car by one step; a car that hits the left end stands still.

        Args:
          state: [B, 2]
          push: acceleration by the engine, per step², float64 [B]

        Returns:
          Position and velocity, float64 [B].
        """
        position, velocity = tf.unstack(state, axis=1)  # [B] each
        velocity = velocity + (push - self.gravity * tf.cos(3.0 * position))
        velocity = tf.clip_by_value(velocity, -MAX_SPEED, MAX_SPEED)
        position = tf.clip_by_value(position + velocity, MIN_POSITION, MAX_POSITION)
        has_hit = (position == MIN_POSITION) & (velocity < 0)
        return position, tf.where(has_hit, tf.zeros_like(velocity), velocity)


@dataclasses.dataclass(frozen=True)
class MountainCar(Valley):
    """Drive a weak car up a hill, as soon as possible.

    It is pushed left (0), not at all (1) or right (2); each step costs 1.
    """

    name = "MountainCar-v0"
    num_actions = 3
    drawn_by = "MountainCar-v0"
    threshold = -110.0
    GOAL = 0.5

    force: float = setting(0.001, "Acceleration by the engine.", unit="per step²", low=0, high=1)

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        position, velocity = self._move(state, tf.cast(action - 1, tf.float64) * self.force)
        terminated = (position >= self.GOAL) & (velocity >= self.goal_velocity)
        return tf.stack([position, velocity], axis=1), -tf.ones_like(position, tf.float32), terminated


@dataclasses.dataclass(frozen=True)
class MountainCarContinuous(Valley):
    """Drive a weak car up a hill, with as little work as possible.

    The action is the part of its power that pushes it right; the goal earns 100, each step costs a tenth of its square.
    Gym rounds the state to float32 after each step, and so does this.
    """

    name = "MountainCarContinuous-v0"
    action_low, action_high = (-1.0,), (1.0,)
    drawn_by = "MountainCarContinuous-v0"
    threshold = 90.0
    GOAL = 0.45

    max_episode_steps: int = time_limit(999)
    power: float = setting(0.0015, "Acceleration by the engine at full power.", unit="per step²", low=0, high=1)

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        push = tf.cast(action[:, 0], tf.float64)  # [B]
        position, velocity = self._move(state, tf.clip_by_value(push, -1.0, 1.0) * self.power)
        terminated = (position >= self.GOAL) & (velocity >= self.goal_velocity)
        reward = 100.0 * tf.cast(terminated, tf.float64) - 0.1 * tf.square(push)
        next_state = tf.cast(tf.cast(tf.stack([position, velocity], axis=1), tf.float32), tf.float64)
        return next_state, tf.cast(reward, tf.float32), terminated
