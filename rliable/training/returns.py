"""What rewards add up to along rollouts: returns and advantages.

At each step t of each environment, `terminated` says that the episode came to an end of its own there, `is_boundary`
that it ended, terminated or cut. Behind a cut, and behind the rollout, the value of the next observation stands for
what would have followed; behind a termination there is nothing.

Shapes: T steps, E environments; every array is [T, E].
"""

from __future__ import annotations

from typing import Any

from rliable.environments.runtime import tf


def advantages(
    reward: tf.Tensor,
    value: tf.Tensor,
    next_value: tf.Tensor,
    terminated: tf.Tensor,
    is_boundary: tf.Tensor,
    gamma: Any,
    gae_lambda: Any,
) -> tf.Tensor:
    """Generalized advantage estimates (Schulman et al. 2016, arXiv:1506.02438, equation 16).

    delta_t = r_t + gamma * V(s_{t+1}) - V(s_t), A_t = delta_t + gamma * lambda * A_{t+1}. With gamma and lambda 0.5,
    rewards 1, 2, all values 4 and the end of the rollout behind them, delta = -1, 0 and A = -1, 0. If the episode
    terminated at the second step, its delta is 2 - 4 = -2, and A = -1.5, -2.

    Args:
      value: V of the observation.
      next_value: V of the next observation, also where an episode ends.
    """
    delta = reward + gamma * tf.where(terminated, 0.0, next_value) - value
    return summed_backwards(delta, tf.where(is_boundary, 0.0, gamma * gae_lambda))


def returns_of_episodes(
    reward: tf.Tensor, next_value: tf.Tensor, terminated: tf.Tensor, is_boundary: tf.Tensor, gamma: Any
) -> tuple[tf.Tensor, tf.Tensor]:
    """Discounted sums of the rewards from each step to the end of its episode.

    Returns:
      The sums, and whether the episode ends within the rollout; where it does not, the sum is that of the rollout.
    """
    is_cut = is_boundary & ~terminated
    sums = summed_backwards(
        reward + tf.where(is_cut, gamma * next_value, 0.0), tf.where(is_boundary, 0.0, gamma * tf.ones_like(reward))
    )
    num_ends = tf.cumsum(tf.cast(is_boundary, tf.int32), 0, reverse=True)
    return sums, num_ends > 0


def summed_backwards(term: tf.Tensor, decay: tf.Tensor) -> tf.Tensor:
    """x_t = term_t + decay_t * x_{t+1}, where x_T = 0."""
    num_steps = term.shape[0]

    def add(step: tf.Tensor, later: tf.Tensor, sums: tf.Tensor) -> Any:
        later = tf.gather(term, step) + tf.gather(decay, step) * later  # [E]
        return step - 1, later, tf.tensor_scatter_nd_update(sums, [[step]], later[None])

    start = (tf.constant(num_steps - 1), tf.zeros_like(tf.gather(term, 0)), tf.zeros_like(term))
    return tf.while_loop(lambda step, *_: step >= 0, add, start)[2]
