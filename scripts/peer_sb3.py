"""Steps per second of a Stable-Baselines3 agent, printed as one number: `python peer_sb3.py "DQN CartPole-v1" STEPS`.

Runs in an environment of its own (scripts/peers-requirements.txt) and imports nothing of this project. The cases are
those of scripts/benchmark_training.py.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import gymnasium
import torch
from stable_baselines3 import DQN, PPO, SAC, TD3
from stable_baselines3.common.env_util import make_vec_env

AGENTS = {"DQN": DQN, "PPO": PPO, "SAC": SAC, "TD3": TD3}
OPTIONS: dict[str, dict[str, Any]] = {
    "DQN": {
        "batch_size": 64,
        "train_freq": 1,
        "gradient_steps": 1,
        "learning_starts": 100,
        "buffer_size": 100_000,
        "learning_rate": 1e-3,
        "target_update_interval": 10,
        "exploration_final_eps": 0.1,
        "policy_kwargs": {"net_arch": [100]},
    },
    "PPO": {"n_steps": 32, "batch_size": 256, "n_epochs": 20},
    "SAC": {"batch_size": 256, "train_freq": 1, "gradient_steps": 1, "learning_starts": 100, "buffer_size": 100_000},
    "TD3": {
        "batch_size": 256,
        "train_freq": 1,
        "gradient_steps": 1,
        "learning_starts": 100,
        "buffer_size": 100_000,
        "policy_kwargs": {"net_arch": [256, 256]},
    },
}
WARM_UP_STEPS = {"DQN": 1000, "PPO": 2048, "SAC": 200, "TD3": 200}


def main() -> None:
    """Trains on one core; environments are made without a render mode, which would cost time."""
    torch.set_num_threads(1)
    name, environment = sys.argv[1].split()
    made = make_vec_env(lambda: gymnasium.make(environment), n_envs=8) if name == "PPO" else gymnasium.make(environment)
    model = AGENTS[name]("MlpPolicy", made, device="cpu", seed=1, **OPTIONS[name])
    model.learn(WARM_UP_STEPS[name])
    before, started = model.num_timesteps, time.perf_counter()
    model.learn(int(sys.argv[2]), reset_num_timesteps=False)
    print((model.num_timesteps - before) / (time.perf_counter() - started))


if __name__ == "__main__":
    main()
