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

from rliable.environments.base import Environment, gyms_generators, time_limit
from rliable.environments.random_numbers import uniform
from rliable.environments.runtime import tf
from rliable.schema import setting

TIME_STEP = 0.02  # s
MAX_POSITION = 2.4  # m
MAX_ANGLE = 12 * 2 * math.pi / 360  # rad
INITIAL_RANGE = 0.05  # every number of the first state lies in [-INITIAL_RANGE, INITIAL_RANGE)


@dataclasses.dataclass(frozen=True)
class CartPole(Environment):
    """Balance a pole on a cart.

    The cart is pushed left (0) or right (1); a step earns 1, until the pole leans, or the cart strays, too far. The
    state is also the observation: position (m), velocity (m/s), angle of the pole (rad), angular velocity (rad/s).
    """

    observation_size = 4
    num_actions = 2
    drawn_by = "CartPole-v1"

    name: str = "CartPole-v1"
    max_episode_steps: int = time_limit(500)
    threshold: float | None = 475.0
    gravity: float = setting(9.8, "Acceleration of free fall.", unit="m/s²", low=0, high=1000)
    cart_mass: float = setting(1.0, "Mass of the cart.", unit="kg", above=0, high=1000)
    pole_mass: float = setting(0.1, "Mass of the pole.", unit="kg", above=0, high=1000)
    half_pole_length: float = setting(0.5, "Half the length of the pole.", unit="m", above=0, high=1000)
    force: float = setting(10.0, "How hard the cart is pushed.", unit="N", low=0, high=1000)

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        states = [generator.uniform(-INITIAL_RANGE, INITIAL_RANGE, size=4) for generator in gyms_generators(seeds)]
        return np.array(states).reshape(-1, 4)

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        return uniform(seed, [num_episodes, 4], -INITIAL_RANGE, INITIAL_RANGE, tf.float64)

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        return tf.cast(state, tf.float32)

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        x, velocity, theta, angular_velocity = tf.unstack(state, axis=1)  # [B] each
        acceleration, angular_acceleration = self._accelerations(theta, angular_velocity, action)
        x = x + TIME_STEP * velocity
        velocity = velocity + TIME_STEP * acceleration
        theta = theta + TIME_STEP * angular_velocity
        angular_velocity = angular_velocity + TIME_STEP * angular_acceleration
        terminated = (tf.abs(x) > MAX_POSITION) | (tf.abs(theta) > MAX_ANGLE)
        next_state = tf.stack([x, velocity, theta, angular_velocity], axis=1)
        return next_state, tf.ones_like(x, tf.float32), terminated

    def _accelerations(
        self, theta: tf.Tensor, angular_velocity: tf.Tensor, action: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Solves the equations of motion, in Gym's order of operations.

        They are those of R. V. Florian, https://coneural.org/florian/papers/05_cart_pole.pdf.

        Args:
          theta: the pole's angle, rad, float64 [B]
          angular_velocity: rad/s, float64 [B]
          action: 0 pushes left, 1 right. int32 [B]

        Returns:
          The cart's acceleration (m/s²) and the pole's angular acceleration (rad/s²), float64 [B].
        """
        force = tf.where(action == 1, tf.constant(self.force, tf.float64), tf.constant(-self.force, tf.float64))
        cosine, sine = tf.cos(theta), tf.sin(theta)
        total_mass = self.pole_mass + self.cart_mass
        moment = self.pole_mass * self.half_pole_length
        push = (force + moment * tf.square(angular_velocity) * sine) / total_mass
        lever = self.half_pole_length * (4.0 / 3.0 - self.pole_mass * tf.square(cosine) / total_mass)
        angular_acceleration = (self.gravity * sine - cosine * push) / lever
        return push - moment * angular_acceleration * cosine / total_mass, angular_acceleration


@dataclasses.dataclass(frozen=True)
class CartPoleV0(CartPole):
    """CartPole-v1 with episodes of at most 200 steps."""

    name: str = "CartPole-v0"
    max_episode_steps: int = time_limit(200)
    threshold: float | None = 195.0
