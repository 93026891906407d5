"""Pendulum inside the graph: swing a pendulum up and hold it there, with a motor too weak to lift it at once.

A classic of control theory, with the constants, the equation of motion and the semi-implicit Euler integration of Gym
0.23. States are float64, as Gym's are. No episode terminates: every one is cut at the time limit.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from rliable.environments.base import Environment, gyms_generators, time_limit
from rliable.environments.random_numbers import uniform
from rliable.environments.runtime import tf
from rliable.schema import setting

TIME_STEP = 0.05  # s
MAX_SPEED = 8.0  # rad/s
MAX_TORQUE = 2.0  # N m
INITIAL_RANGE = (math.pi, 1.0)  # rad, rad/s: the first state lies between these and their negatives


@dataclasses.dataclass(frozen=True)
class Pendulum(Environment):
    """Swing a pendulum up with a weak motor, and hold it there.

    Each step costs the squares of angle, speed and torque, so that 0 is best, and out of reach. The state is the angle
    from upright (rad) and its velocity (rad/s); the observation is the angle's cosine, its sine, and the velocity. The
    action is the torque (N m).
    """

    name = "Pendulum-v1"
    observation_size = 3
    action_low, action_high = (-MAX_TORQUE,), (MAX_TORQUE,)
    drawn_by = "Pendulum-v1"

    max_episode_steps: int = time_limit(200)
    gravity: float = setting(10.0, "Acceleration of free fall.", unit="m/s²", low=0, high=1000)
    mass: float = setting(1.0, "Mass of the pendulum.", unit="kg", above=0, high=1000)
    length: float = setting(1.0, "Length of the pendulum.", unit="m", above=0, high=1000)

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        high = np.array(INITIAL_RANGE)
        return np.array([generator.uniform(-high, high) for generator in gyms_generators(seeds)]).reshape(-1, 2)

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        return uniform(seed, [num_episodes, 2], -1.0, 1.0, tf.float64) * tf.constant(INITIAL_RANGE, tf.float64)

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        angle, velocity = tf.unstack(state, axis=1)  # [B] each
        return tf.cast(tf.stack([tf.cos(angle), tf.sin(angle), velocity], axis=1), tf.float32)

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        angle, velocity = tf.unstack(state, axis=1)  # [B] each
        torque = tf.clip_by_value(tf.cast(action[:, 0], tf.float64), -MAX_TORQUE, MAX_TORQUE)
        from_upright = tf.math.floormod(angle + math.pi, 2 * math.pi) - math.pi  # rad, in [-pi, pi)
        cost = tf.square(from_upright) + 0.1 * tf.square(velocity) + 0.001 * tf.square(torque)
        weight = 3 * self.gravity / (2 * self.length) * tf.sin(angle)  # rad/s², of a rod that hangs at one end
        acceleration = weight + 3.0 / (self.mass * self.length**2) * torque
        velocity = tf.clip_by_value(velocity + acceleration * TIME_STEP, -MAX_SPEED, MAX_SPEED)
        next_state = tf.stack([angle + velocity * TIME_STEP, velocity], axis=1)
        return next_state, tf.cast(-cost, tf.float32), tf.zeros_like(angle, tf.bool)
