"""What agents believe that an end of an episode is worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.registry import MODELS
from tests.models.updates import doubles, network
from tests.training.scripted_environment import OneStepEpisodes

QUICK = {"train_iterations": 600, "initial_collect_steps": 100, "batch_size": 16, "fc_layer_params": [32]}
QUICK |= {"learning_rate": 0.01, "target_update_tau": 0.1, "gamma": 0.5, "eval_interval": 600, "num_eval_episodes": 1}


def assert_only_cut_episodes_are_bootstrapped(name: str, *critic: str, **hp_params: Any) -> None:
    """Asserts that a critic (the path of its part) learns 1 where episodes terminate, and 1 / (1 - 0.5) where not."""
    environment = OneStepEpisodes()
    cfg = {"environment": environment.name, "mdl_file": "", "hp_params": QUICK | hp_params, "seed": 4}
    model = MODELS.load(name)(None, cfg)
    model.train(environment)
    parameters = model._run.parts
    for key in critic:
        parameters = parameters[key]
    rows = np.array([[kind, first, second] for kind in (1, 0) for first in (-0.5, 0.5) for second in (-0.5, 0.5)])
    values = network(doubles(parameters), rows.astype(float))[:, 0]
    assert np.allclose(values, [1] * 4 + [2] * 4, atol=0.1)
