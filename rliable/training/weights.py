"""Initial weights of a Q network, drawn by NumPy so that nothing depends on TensorFlow's global generator."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy import stats

#: Standard deviation of a standard normal distribution cut off at two.
TRUNCATED_STD = 0.87962566103423978


def initial_q_weights(sizes: Sequence[int], seed: int) -> list[np.ndarray]:
    """Draws the weights of a fully connected Q network from the distributions of TF-Agents' `QNetwork`.

    Hidden layers: He initialisation (He et al. 2015, arXiv:1502.01852), a normal distribution cut off at two standard
    deviations and scaled to variance 2 / inputs; biases 0. Last layer: uniform in [-0.03, 0.03), biases -0.2.

    Args:
      sizes: width of the input, of each hidden layer, and the number of actions.
      seed: of the draw.

    Returns:
      A kernel [inputs, outputs] and a bias [outputs] per layer, float32, in the order of `network.variables`.
    """
    generator = np.random.default_rng(seed)
    weights = []
    for inputs, outputs in itertools.pairwise(sizes[:-1]):
        draws = stats.truncnorm.rvs(-2, 2, size=(inputs, outputs), random_state=generator)
        weights += [draws * np.sqrt(2 / inputs) / TRUNCATED_STD, np.zeros(outputs)]
    weights += [generator.uniform(-0.03, 0.03, (sizes[-2], sizes[-1])), np.full(sizes[-1], -0.2)]
    return [array.astype(np.float32) for array in weights]
