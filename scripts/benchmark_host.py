"""Measures training in environments outside the graph: `python scripts/benchmark_host.py --help`.

As `benchmark_training.py`, beside Stable-Baselines3 in the same environments, which are Gymnasium's and made without a
render mode on both sides: given their names alone, Stable-Baselines3 makes them with one, and LunarLander then
simulates the exhaust of its engines, which takes ten times as long.
"""

from __future__ import annotations

from typing import Any

from benchmark_training import Case, main

LANDER, POLE = "gymnasium:LunarLander-v3", "gymnasium:CartPole-v1"
Q: dict[str, Any] = {"batch_size": 64, "target_update_period": 10, "initial_collect_steps": 100}
SMALL, ONE = Q | {"fc_layer_params": [64, 64]}, Q | {"fc_layer_params": [100]}
ACTOR = {"batch_size": 256, "fc_layer_params": [256, 256], "initial_collect_steps": 100}
ROLLOUT = {"collect_steps_per_iteration": 1024, "num_environments": 16, "batch_size": 64, "num_epochs": 4}


def schedule(number: int) -> dict[str, Any]:
    """So many steps, then as many updates."""
    return {"collect_steps_per_iteration": number, "train_steps_per_iteration": number}


HOST_CASES = {
    "DQN LunarLander-v3, 4 steps and 4 updates": Case("DQN", LANDER, SMALL | schedule(4), 2_000, 3_000, 4.5),
    "DQN CartPole-v1 on the host, 64 and 64": Case("DQN", POLE, ONE | schedule(64), 300, 4_000, 10),
    "DQN CartPole-v1 on the host, 1 and 1": Case("DQN", POLE, ONE, 5_000, 4_000, 2.5),
    "SAC LunarLander-v3, 8 and 8": Case("SAC", LANDER, ACTOR | schedule(8), 125, 500, 1.7, {"continuous": True}),
    "PPO LunarLander-v3, 16 environments": Case("PPO", LANDER, ROLLOUT, 5, 32_768, 3),
}

if __name__ == "__main__":
    main(HOST_CASES, __doc__)
