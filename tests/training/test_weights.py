"""Initial weights against those of TF-Agents' network."""

from __future__ import annotations

import numpy as np
import pytest
from rliable.training.dqn_agent import make_q_network
from rliable.training.weights import initial_q_weights

from rliable.environments.cartpole import make_cartpole_v0


def test_weights_have_the_shapes_and_distributions_of_tf_agents() -> None:
    theirs = [variable.numpy() for variable in make_q_network(make_cartpole_v0(), (400, 300)).variables]
    ours = initial_q_weights((4, 400, 300, 2), seed=1)
    for our, their in zip(ours, theirs, strict=True):
        assert our.dtype == their.dtype and our.shape == their.shape
        assert our.mean() == pytest.approx(their.mean(), abs=0.06)
        assert our.std() == pytest.approx(their.std(), rel=0.08)
        assert np.abs(our).max() == pytest.approx(np.abs(their).max(), rel=0.05)


def test_seed_decides() -> None:
    first, again, other = (initial_q_weights((4, 8, 2), seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
