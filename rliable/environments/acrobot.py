"""Acrobot inside the graph: two links hang from a bar, and a motor between them has to swing the lower end up.

R. S. Sutton, "Generalization in reinforcement learning: successful examples using sparse coarse coding", NIPS 8 (1996),
https://papers.nips.cc/paper/1109; with the constants and the equations of motion of Gym 0.23 (those of the book by
R. S. Sutton and A. G. Barto) and its integration, one step of Runge and Kutta of fourth order. States are float64.
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

TIME_STEP = 0.2  # s
LINK_LENGTH = 1.0  # m, of the upper link; that of the lower one does not enter
CENTRE = 0.5  # m, from a link's upper end to its centre of mass
INERTIA = 1.0  # kg m², of each link
MAX_SPEEDS = (4 * math.pi, 9 * math.pi)  # rad/s, of the upper and the lower joint
INITIAL_RANGE = 0.1  # every number of the first state lies in [-INITIAL_RANGE, INITIAL_RANGE)


@dataclasses.dataclass(frozen=True)
class Acrobot(Environment):
    """Swing the end of two hanging links above the bar, as soon as possible.

    The motor's torque is -1 (0), 0 (1) or 1 N m (2); each step but the last costs 1. The state is the angle of the
    upper link from hanging, that of the lower link from the upper one (rad), and their velocities (rad/s); the
    observation is each angle's cosine and sine, and the velocities.
    """

    name = "Acrobot-v1"
    observation_size = 6
    num_actions = 3
    drawn_by = "Acrobot-v1"
    threshold = -100.0

    max_episode_steps: int = time_limit(500)
    gravity: float = setting(9.8, "Acceleration of free fall.", unit="m/s²", low=0, high=1000)
    upper_mass: float = setting(1.0, "Mass of the upper link.", unit="kg", above=0, high=1000)
    lower_mass: float = setting(1.0, "Mass of the lower link.", unit="kg", above=0, high=1000)

    def initial_states(self, seeds: Sequence[int]) -> np.ndarray:
        states = [generator.uniform(-INITIAL_RANGE, INITIAL_RANGE, size=4) for generator in gyms_generators(seeds)]
        return np.array(states, np.float32).astype(np.float64).reshape(-1, 4)  # Gym rounds them

    def reset(self, seed: tf.Tensor, num_episodes: int) -> tf.Tensor:
        return tf.cast(uniform(seed, [num_episodes, 4], -INITIAL_RANGE, INITIAL_RANGE), tf.float64)

    def observe(self, state: tf.Tensor) -> tf.Tensor:
        upper, lower, upper_speed, lower_speed = tf.unstack(state, axis=1)  # [B] each
        numbers = [tf.cos(upper), tf.sin(upper), tf.cos(lower), tf.sin(lower), upper_speed, lower_speed]
        return tf.cast(tf.stack(numbers, axis=1), tf.float32)

    def step(self, state: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        torque = tf.cast(action - 1, tf.float64)  # N m, [B]
        slope_1 = self._derivative(state, torque)  # [B, 4]
        slope_2 = self._derivative(state + TIME_STEP / 2 * slope_1, torque)
        slope_3 = self._derivative(state + TIME_STEP / 2 * slope_2, torque)
        slope_4 = self._derivative(state + TIME_STEP * slope_3, torque)
        moved = state + TIME_STEP / 6 * (slope_1 + 2.0 * slope_2 + 2.0 * slope_3 + slope_4)
        angles, limits = wrapped(moved[:, :2]), tf.constant(MAX_SPEEDS, tf.float64)
        next_state = tf.concat([angles, tf.clip_by_value(moved[:, 2:], -limits, limits)], axis=1)
        height = -tf.cos(angles[:, 0]) - tf.cos(angles[:, 1] + angles[:, 0])  # m, of the lower end above the bar
        terminated = height > 1.0
        return next_state, tf.where(terminated, 0.0, -tf.ones_like(height, tf.float32)), terminated

    def _derivative(self, state: tf.Tensor, torque: tf.Tensor) -> tf.Tensor:
        """The velocities and accelerations that belong to a state and a torque (N m) [B], in Gym's order: [B, 4]."""
        upper, lower, upper_speed, lower_speed = tf.unstack(state, axis=1)  # [B] each
        cosine, sine = tf.cos(lower), tf.sin(lower)
        arms = LINK_LENGTH**2 + CENTRE**2 + 2 * LINK_LENGTH * CENTRE * cosine
        d1 = self.upper_mass * CENTRE**2 + self.lower_mass * arms + INERTIA + INERTIA
        d2 = self.lower_mass * (CENTRE**2 + LINK_LENGTH * CENTRE * cosine) + INERTIA
        moment = self.lower_mass * LINK_LENGTH * CENTRE
        phi2 = self.lower_mass * CENTRE * self.gravity * tf.cos(upper + lower - math.pi / 2)
        phi1 = (
            -moment * tf.square(lower_speed) * sine
            - 2 * moment * lower_speed * upper_speed * sine
            + (self.upper_mass * CENTRE + self.lower_mass * LINK_LENGTH) * self.gravity * tf.cos(upper - math.pi / 2)
            + phi2
        )
        force = torque + d2 / d1 * phi1 - moment * tf.square(upper_speed) * sine - phi2
        lower_acceleration = force / (self.lower_mass * CENTRE**2 + INERTIA - tf.square(d2) / d1)
        upper_acceleration = -(d2 * lower_acceleration + phi1) / d1
        return tf.stack([upper_speed, lower_speed, upper_acceleration, lower_acceleration], axis=1)


def wrapped(angle: tf.Tensor) -> tf.Tensor:
    """The same angles (rad) in [-pi, pi], by whole turns; what lies there already keeps its bits."""
    turn = 2 * math.pi
    too_high, too_low = tf.math.ceil((angle - math.pi) / turn), tf.math.ceil((-math.pi - angle) / turn)
    return tf.where(angle > math.pi, angle - turn * too_high, tf.where(angle < -math.pi, angle + turn * too_low, angle))
