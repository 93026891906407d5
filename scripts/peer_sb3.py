"""Steps per second of a Stable-Baselines3 agent, printed as one number: `python peer_sb3.py "DQN CartPole-v1" STEPS`.

Runs in an environment of its own (scripts/peers-requirements.txt) and imports nothing of this project. The cases are
those of scripts/benchmark_training.py and scripts/benchmark_host.py.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import gymnasium
import torch
from stable_baselines3 import DQN, PPO, SAC, TD3
from stable_baselines3.common.env_util import make_vec_env

Q: dict[str, Any] = {
    "batch_size": 64,
    "train_freq": 1,
    "gradient_steps": 1,
    "learning_starts": 100,
    "buffer_size": 100_000,
    "learning_rate": 1e-3,
    "target_update_interval": 10,
    "exploration_final_eps": 0.1,
    "policy_kwargs": {"net_arch": [100]},
}
ACTOR: dict[str, Any] = {
    "batch_size": 256,
    "train_freq": 1,
    "gradient_steps": 1,
    "learning_starts": 100,
    "buffer_size": 100_000,
    "policy_kwargs": {"net_arch": [256, 256]},
}
ROLLOUT = {"n_steps": 32, "batch_size": 256, "n_epochs": 20}
LONG_ROLLOUT = {"n_steps": 1024, "batch_size": 64, "n_epochs": 4}
#: Case -> the algorithm, the environment with its constants, how many of them, the algorithm's options, steps that are
#: not measured.
CASES: dict[str, tuple[Any, str, dict[str, Any], int, dict[str, Any], int]] = {
    "DQN CartPole-v1": (DQN, "CartPole-v1", {}, 1, Q, 1000),
    "DQN Acrobot-v1": (DQN, "Acrobot-v1", {}, 1, Q, 1000),
    "DQN MountainCar-v0": (DQN, "MountainCar-v0", {}, 1, Q, 1000),
    "PPO CartPole-v1": (PPO, "CartPole-v1", {}, 8, ROLLOUT, 2048),
    "SAC Pendulum-v1": (SAC, "Pendulum-v1", {}, 1, ACTOR, 200),
    "TD3 Pendulum-v1": (TD3, "Pendulum-v1", {}, 1, ACTOR, 200),
    "DQN LunarLander-v3, 4 steps and 4 updates": (
        DQN,
        "LunarLander-v3",
        {},
        1,
        Q | {"train_freq": 4, "gradient_steps": 4, "policy_kwargs": {"net_arch": [64, 64]}},
        1000,
    ),
    "DQN CartPole-v1 on the host, 64 and 64": (
        DQN,
        "CartPole-v1",
        {},
        1,
        Q | {"train_freq": 64, "gradient_steps": 64},
        1000,
    ),
    "DQN CartPole-v1 on the host, 1 and 1": (DQN, "CartPole-v1", {}, 1, Q, 1000),
    "SAC LunarLander-v3, 8 and 8": (
        SAC,
        "LunarLander-v3",
        {"continuous": True},
        1,
        ACTOR | {"train_freq": 8, "gradient_steps": 8},
        200,
    ),
    "PPO LunarLander-v3, 16 environments": (PPO, "LunarLander-v3", {}, 16, LONG_ROLLOUT, 16_384),
}


def main() -> None:
    """Trains on one core; environments are made without a render mode, which would cost time."""
    torch.set_num_threads(1)
    algorithm, name, constants, number, options, warm_up = CASES[sys.argv[1]]
    made = gymnasium.make(name, **constants)
    if number > 1:
        made = make_vec_env(lambda: gymnasium.make(name, **constants), n_envs=number)
    model = algorithm("MlpPolicy", made, device="cpu", seed=1, **options)
    model.learn(warm_up)
    before, started = model.num_timesteps, time.perf_counter()
    model.learn(int(sys.argv[2]), reset_num_timesteps=False)
    print((model.num_timesteps - before) / (time.perf_counter() - started))


if __name__ == "__main__":
    main()
