"""CartPole inside the graph: balance a pole on a cart by pushing the cart left (0) or right (1).

A. G. Barto, R. S. Sutton, C. W. Anderson, "Neuronlike adaptive elements that can solve difficult learning control
problems", IEEE Transactions on Systems, Man, and Cybernetics 13 (1983), https://doi.org/10.1109/TSMC.1983.6313077;
with the constants, the equations of motion and the Euler integration of Gym 0.23. States are float64, as Gym's are:
outside a compiled program every bit is Gym's, inside XLA's fused multiplications round the last bit differently.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from rliable.environments.base import Environment
from rliable.environments.random_numbers import uniform
from rliable.environments.runtime import tf

GRAVITY = 9.8  # m/s²
POLE_MASS = 0.1  # kg
TOTAL_MASS = 1.1  # kg, of cart and pole
HALF_POLE_LENGTH = 0.5  # m
FORCE = 10.0  # N
TIME_STEP = 0.02  # s
MAX_POSITION = 2.4  # m
MAX_ANGLE = 12 * 2 * math.pi / 360  # rad
INITIAL_RANGE = 0.05  # every number of the first state lies in [-INITIAL_RANGE, INITIAL_RANGE)


@dataclasses.dataclass(frozen=True)
class CartPole(Environment):
    """One reward per step until the pole leans, or the cart strays, too far.

    The state is also the observation: position (m), velocity (m/s), angle of the pole (rad), angular velocity (rad/s).
    """

    name: str
    max_episode_steps: int
    observation_size: int = 4
    num_actions: int = 2
    threshold: float | None = None

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        generators = [np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))) for seed in seeds]
        states = [generator.uniform(-INITIAL_RANGE, INITIAL_RANGE, size=4) for generator in generators]
        return np.array(states).reshape(-1, 4)

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        return uniform(seed, [num_episodes, 4], -INITIAL_RANGE, INITIAL_RANGE, tf.float64)

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        return tf.cast(state, tf.float32)

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        x, velocity, theta, angular_velocity = tf.unstack(state, axis=1)  # [B] each
        acceleration, angular_acceleration = accelerations(theta, angular_velocity, action)
        x = x + TIME_STEP * velocity
        velocity = velocity + TIME_STEP * acceleration
        theta = theta + TIME_STEP * angular_velocity
        angular_velocity = angular_velocity + TIME_STEP * angular_acceleration
        terminated = (tf.abs(x) > MAX_POSITION) | (tf.abs(theta) > MAX_ANGLE)
        next_state = tf.stack([x, velocity, theta, angular_velocity], axis=1)
        return next_state, tf.ones_like(x, tf.float32), terminated


def accelerations(theta: tf.Tensor, angular_velocity: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Solves the equations of motion, in Gym's order of operations (https://coneural.org/florian/papers/05_cart_pole.pdf).

    Args:
      theta: the pole's angle, rad, float64 [B]
      angular_velocity: rad/s, float64 [B]
      action: 0 pushes left, 1 right. int32 [B]

    Returns:
      The cart's acceleration (m/s²) and the pole's angular acceleration (rad/s²), float64 [B].
    """
    force = tf.where(action == 1, tf.constant(FORCE, tf.float64), tf.constant(-FORCE, tf.float64))
    cosine, sine = tf.cos(theta), tf.sin(theta)
    moment = POLE_MASS * HALF_POLE_LENGTH
    push = (force + moment * tf.square(angular_velocity) * sine) / TOTAL_MASS
    lever = HALF_POLE_LENGTH * (4.0 / 3.0 - POLE_MASS * tf.square(cosine) / TOTAL_MASS)
    angular_acceleration = (GRAVITY * sine - cosine * push) / lever
    return push - moment * angular_acceleration * cosine / TOTAL_MASS, angular_acceleration


def make_cartpole_v0() -> CartPole:
    """CartPole-v0: at most 200 steps; solved at a mean return of 195."""
    return CartPole("CartPole-v0", max_episode_steps=200, threshold=195.0)


def make_cartpole_v1() -> CartPole:
    """CartPole-v1: at most 500 steps; solved at a mean return of 475."""
    return CartPole("CartPole-v1", max_episode_steps=500, threshold=475.0)
